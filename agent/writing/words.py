"""Word lists for grounding."""

_OPENERS = """
a accuracy acros all along although among an and another answer any are around as asking at because
benchmark beyond both but by can chain claim comparing condition could data dataset depending do doe
during each effect evaluation even every evidence experiment explanation faithfulnes field finding
fine-tuning for from gain given has have here how however if in instead is it its large later les
like likewise limit longer los many may meanwhile measure method metric might model more most much
neither nevertheles new newer next no not nothing now observation of on once one only or other
otherwise over paper performance perhap question rather reasoning recent reinforcement research
result running same scaffold scale setting shorter similarly since smaller so some still stronger
studie study such supervised taken task test testing than that the their then there therefore these
they thi those though through thu to together tool training tuning two under unles until using
verification via we weaker what when where wherea whether which while who whose why will with within
without work would yet
"""
OPENERS = frozenset(_OPENERS.split())
"""Words, without a plural s, that may open a sentence without being names."""

_NUMBERS = """
billion double eight eighteen eighty eleven fifteen fifty five forty four fourteen half hundred
million nine nineteen ninety percent quarter seven seventeen seventy six sixteen sixty ten third
thirteen thirty thousand three triple twelve twenty twice
"""
NUMBER_WORDS = frozenset(_NUMBERS.split())
"""Spelled-out numbers, without "one" and "two", which count sides and papers."""
