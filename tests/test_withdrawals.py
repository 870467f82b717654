"""Withdrawn or not: wordings as authors and arXiv's administrators write them."""

from __future__ import annotations

import pytest

from agent.adapters.arxiv.withdrawals import is_withdrawal

WITHDRAWN = """
This paper has been withdrawn
This paper has been withdrawn by the author due to a crucial sign error in equation 1
This paper has been withdrawn by the authors. Comments are welcome
The paper was withdrawn by the authors owing to a flaw in the main theorem
Paper withdrawn due to an error in Lemma 3
Withdrawn
withdrawn.
Withdrawn by the authors
Withdrawn due to a mistake in the data split
Withdrawn: the proof of Theorem 2 is wrong
12 pages, 3 figures. Withdrawn because of an error in the experiments
9 pages; this paper is withdrawn, see the comment
This article has been retracted due to errors in the data
This paper has been retracted due to errors in the data
Retracted
Retracted by the authors after a bug was found in the evaluation
This submission has been withdrawn by arXiv administrators because it contains fictitious content
arXiv admin note: This submission has been withdrawn by arXiv administrators due to disputed authorship
This version withdrawn by arXiv administrators because the submitter did not have the rights
This submission has been removed by arXiv administrators because of copyright infringement
This article was withdrawn from arXiv by the author
The authors have withdrawn this paper due to inconsistencies in the results
The authors have decided to withdraw this paper
We withdraw this manuscript pending further experiments
I am withdrawing this submission because of a gap in the proof
We are retracting this preprint
This manuscript has been temporarily withdrawn
Temporarily withdrawn for revision
This work has been withdrawn as it is superseded by arXiv:2101.00001
Withdrawn, replaced by arXiv:2101.00001
v2: withdrawn due to an error
The current version of the paper has been withdrawn by the submitter
Withdrawal requested by the authors
Note: withdrawn at the request of the second author
10 pages, withdrawn
10 pages, 2 figures, withdrawn by the authors
This paper is superseded by arXiv:2101.00001 and has been withdrawn
Due to an error in the original proof, this paper has been withdrawn
The first author has withdrawn this paper
This thesis has been withdrawn
This e-print has been withdrawn by the author
"""
NOT_WITHDRAWN = """
Submission withdrawn from ICLR 2024, now accepted at ACL 2024
Withdrawn from NeurIPS 2023
This paper was withdrawn from ICML and resubmitted
Previous version withdrawn; this is the corrected and resubmitted paper, 14 pages
Previous version was withdrawn because of a bug, which is corrected here
An earlier version of this paper was withdrawn due to a bug
v1 was withdrawn because of an error
Version 1 withdrawn, this version is corrected
The original submission has been withdrawn and this is a new paper
Replaces the withdrawn paper arXiv:2001.00001
This paper replaces arXiv:0901.1234 which has been withdrawn
Supersedes arXiv:0901.1234, which was withdrawn
The companion paper has been withdrawn
This paper is not withdrawn
Section 5 was withdrawn in this version
A study of retracted articles in medicine
Retracted papers and their citations, 12 pages
Deformation retracts of configuration spaces
We withdraw our earlier claim about Lemma 2
14 pages, accepted at ACL 2024
Data and code of withdrawn drugs are available
We study opioid withdrawal in mice
The first version of this work was withdrawn
This paper was withdrawn by the authors from NeurIPS 2022
withdrawn by ICML after rebuttal
The claim in this paper was withdrawn in version 2
"""


@pytest.mark.parametrize("comment", WITHDRAWN.strip().splitlines())
def test_a_notice_of_withdrawal_is_recognised(comment: str) -> None:
    assert is_withdrawal(comment, "We study reasoning.", 2)


@pytest.mark.parametrize("comment", NOT_WITHDRAWN.strip().splitlines())
def test_mention_of_other_withdrawals_is_not_one(comment: str) -> None:
    assert not is_withdrawal(comment, "We study reasoning.", 2)


@pytest.mark.parametrize(("abstract", "told"), [
    ("This paper has been withdrawn by the authors due to a crucial error. We study reasoning.", True),
    ("Withdrawn.", True),
    ("We study how drugs are withdrawn. This paper has been withdrawn.", False),
    ("This paper studies why papers are retracted.", False),
    ("The main proof of this is wrong, and so the paper\nhas been withdrawn.", True),
    ("In this work energy is withdrawn by the environment.", False),
    ("We study why a paper has been retracted or withdrawn.", False),
    ("We show that a claim was withdrawn from the market of ideas.", False),
])  # fmt: skip
def test_a_withdrawal_is_in_the_first_sentence_of_the_abstract(abstract: str, told: bool) -> None:
    assert is_withdrawal("10 pages", abstract, 2) == told
