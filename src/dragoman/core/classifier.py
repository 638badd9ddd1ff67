"""Which kind of work a free text asks for. A pure, explainable decision in microseconds; never calls a model."""

from __future__ import annotations

import re

from dragoman.core.intent import Intent, LabelledIntent

LONGEST_READ = 400
"""Code points that are looked at: what is wanted stands at the start, the rest is pasted material."""


def _words(*phrases: str) -> str:
    return rf"\b(?:{'|'.join(phrases)})\b"


def _pattern(*phrases: str) -> re.Pattern[str]:
    return re.compile(_words(*phrases))


_FAULT = r"(?:bugs?|issues?|problems?|errors?|leaks?|vulnerabilit(?:y|ies)|flaws?|races?|bottlenecks?|smells?)"
_EXPLAIN = (
    "explain|describe|clarify|elaborate|summari[sz]e|walk me through|teach me|help me understand",
    "tell me (?:about|how|what|why)|meaning of|difference between|i (?:do not|don't) (?:get|understand)",
    "what(?:'s| is| are| does| do| happens| did| would| kind| for)|how (?:does|do|is|are|did|come)",
    "why|when (?:is|are|does|should)",
)
_ANALYSE = (
    "review|analy[sz]e|audit|assess|evaluate|critique|inspect|profile|investigate|diagnose|compare|judge",
    f"(?:find|spot|search for) (?:(?:any|all|the|every|possible|potential|hidden|security|memory) )*{_FAULT}",
    "check (?:this|for|if|whether|the|my|it)|is (?:this|it|there|that)|are (?:there|these|any)|does (?:this|it)",
    "look (?:for|over)|what(?:'s| is) wrong|what could go wrong|where is the (?:bug|leak|bottleneck)",
    r"why (?:is|are|does|do)\b[^.?!\n]{0,60}\b(?:slow|leak\w*|crash\w*|fail\w*|hang\w*|broken)",
)
_MAKE = (
    "write|add|create|generate|implement|make|build|refactor|rewrite|rename|extract|inline|move|fix|repair|convert",
    "translate|port|turn|change|replace|remove|delete|drop|use|simplify|optimi[sz]e|speed up|clean up|sort|split|merge",
    "handle|wrap|document|update|migrate|complete|finish|format|return|raise|catch|cache|log|validate|parse|annotate",
    "type|introduce|swap|invert|insert|apply|give|put|need|mock|cover|test|unit[- ]test|parametri[sz]e",
)
_ASKS = re.compile(
    f"(?P<analysis>{_words(*_ANALYSE)})|(?P<explanation>{_words(*_EXPLAIN)})|(?P<making>{_words(*_MAKE)})",
)
"""What is to be done, by the verb or question that comes first."""

_TESTS = _pattern(
    "tests?|testing|test[- ](?:cases?|suite)|(?:doc|unit)tests?|specs?|fixtures?|mocks?|coverage",
    "pytest|unittest|jest|vitest",
)
_REGEX = _pattern(
    "reg(?:ular )?ex(?:p|es|ps|pressions?)?",
    r"pattern (?:that|to|which|for) (?:match\w*|captur\w*|find\w*|extract\w*|validat\w*)",
    r"(?:match(?:es|ing)?|captur(?:e|es|ing)) (?:(?:an?|all|any|every|only|the|valid) )*"
    "(?:e-?mails?|dates?|urls?|ipv?[46]?|phone|digits?|uuids?|postcodes?|zip|hex|semver)",
)
_FAULTS = _pattern(
    f"wrong|{_FAULT}|insecure|secure|security|thread[- ]?safe|correct|efficient|complexity",
)
_CODE = re.compile(
    r"\b(?:function|class|method|code|variable|loop|module|struct|enum|interface|type hint|docstring|script|query"
    r"|endpoint|component|parameter|argument|import|async|exception|null check|api|json|list|string|file)(?:e?s)?\b"
    r"|\w\(|[{};]|=>|->|\w_\w|\.\w+\(",
)
_PROSE = _pattern(
    "poem|haiku|story|joke|song|e-?mail to|letter|tweet|blog post|speech|recipe|limerick|birthday|cover letter|slogan"
)
_HERE = _pattern("this|it|these|here|line|above|selection|work|works|mean|means")
_POLITE = re.compile(
    r"^\W*(?:(?:please|pls|hey|hi|hello|ok|so|now|just|(?:can|could|would|will) you|can we|let's|kindly"
    r"|i(?:'d| would)? (?:want|like) (?:you )?to|i need (?:you )?to|help me(?! understand))\b[\s,:!]*)+",
)


def classify(text: str) -> LabelledIntent:
    """The kind of work that a free text asks for.

    The verb that comes first says what is to be done ("explain this regex" is an explanation); where something is to
    be made, the noun that comes next says of which kind ("write a test that explains the bug" makes tests).
    """
    head = _POLITE.sub("", text[:LONGEST_READ].lower())
    ask = _ASKS.search(head)
    if ask is None:
        return _by_nouns(head)
    verb = ask.group()
    match ask.lastgroup:
        case "making":
            return _made(head, ask, verb)
        case "analysis":
            return _label(Intent.ANALYSIS, f"“{verb}”")
        case _:
            return _label(Intent.EXPLANATION, f"“{verb}”") if _is_about_code(head) else _by_nouns(head)


def _made(head: str, ask: re.Match[str], verb: str) -> LabelledIntent:
    """What is made or changed: the first noun that is known says of which kind."""
    behind = head[ask.start() :].split("\n", 1)[0]
    nouns = [
        (found.start(), intent, found.group())
        for intent, pattern in ((Intent.TESTS, _TESTS), (Intent.REGEX, _REGEX), (Intent.GENERAL, _PROSE))
        if (found := pattern.search(behind))
    ]
    if not nouns:
        return _label(Intent.CODE, f"“{verb}”")
    at, intent, noun = min(nouns)
    return _label(intent, f"“{noun}”" if at == 0 else f"“{verb} … {noun}”")


def _by_nouns(head: str) -> LabelledIntent:
    """A text whose verb says nothing: what it speaks of."""
    for intent, pattern in (
        (Intent.TESTS, _TESTS),
        (Intent.REGEX, _REGEX),
        (Intent.ANALYSIS, _FAULTS),
        (Intent.CODE, _CODE),
    ):
        if found := pattern.search(head):
            return _label(intent, f"speaks of “{found.group()}”")
    return _label(Intent.GENERAL, "nothing in it names a kind of work")


def _is_about_code(head: str) -> bool:
    """Whether a question is about what is selected, or about code at all, rather than about the world."""
    return any(pattern.search(head) for pattern in (_CODE, _REGEX, _TESTS, _FAULTS, _HERE))


def _label(intent: Intent, reason: str) -> LabelledIntent:
    return LabelledIntent(intent, "classifier", reason)
