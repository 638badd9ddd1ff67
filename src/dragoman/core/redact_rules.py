"""What secrets look like, as data: one row per kind. Pure; searches nothing itself.

Every row can be tried at any place at a bounded price: repeats have an end and never backtrack (`{m,n}+`), and where a
body is long, a token can't begin inside another one's body, so that no character is read over and over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dragoman.core.redact_checks import (
    always,
    basic_login,
    chosen,
    key_block,
    named_password,
    named_secret,
    random_looking,
    simple,
    unlike_example,
    varied,
    weak,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Noun(StrEnum):
    """The last word of a placeholder, which tells a model what it stands for. `TEXT` is no secret."""

    KEY = "KEY"
    TOKEN = "TOKEN"  # noqa: S105 - a word
    PASSWORD = "PASSWORD"  # noqa: S105 - a word
    SECRET = "SECRET"  # noqa: S105 - a word
    TEXT = "TEXT"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of secret.

    gates: pieces of ASCII text in small letters, one of which stands where the secret is: nothing is tried elsewhere.
    pattern: is tried `behind` characters before each gate; its group `secret` is what is hidden.
    check: whether the secret is one, and not an example of one.
    """

    kind: str
    noun: Noun
    gates: tuple[bytes, ...]
    pattern: re.Pattern[str]
    check: Callable[[str], bool] = always
    behind: int = 0


def _token(
    kind: str,
    starts: str,
    body: str,
    noun: Noun = Noun.TOKEN,
    check: Callable[[str], bool] = varied,
) -> Rule:
    """A token that its own beginning gives away: `starts` are those, apart by spaces; `body` is the rest's pattern."""
    words = tuple(starts.split())
    pattern = rf"(?:(?<![\w.-])|(?<=\\[nrt]))(?P<secret>(?:{'|'.join(map(re.escape, words))}){body})(?![A-Za-z0-9])"
    return Rule(kind, noun, tuple(word.lower().encode() for word in words), re.compile(pattern, re.ASCII), check)


def _key(kind: str, starts: str, body: str) -> Rule:
    return _token(kind, starts, body, Noun.KEY)


def _place(
    kind: str, noun: Noun, gates: str, pattern: str, check: Callable[[str], bool] = always, *, behind: int = 0
) -> Rule:
    """A secret that what is beside it gives away. `gates` are apart by bars; capitals do not matter."""
    return Rule(
        kind, noun, tuple(gates.encode().split(b"|")), re.compile(pattern, re.IGNORECASE | re.ASCII), check, behind
    )


_W = r"[\w-]"
_A = r"[A-Za-z0-9]"
_HEX = "[0-9a-f]"
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

TOKENS = (
    _token("AWS access key id", "AKIA ASIA ABIA ACCA", r"[A-Z0-9]{16}", Noun.KEY, unlike_example),
    _token("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", rf"{_A}{{36,255}}+"),
    _token("GitHub fine-grained token", "github_pat_", r"\w{40,255}+"),
    _token("GitLab token", "glpat- gldt- glrt- glptt- glft- glsoat- glcbt- glimt- glagent-", r"[\w.-]{20,300}+"),
    _token("Slack token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe. xoxe- xapp-", r"[A-Za-z0-9.-]{16,250}+"),
    _key("Stripe key", "sk_live_ sk_test_ rk_live_ rk_test_", rf"{_A}{{16,250}}+"),
    _key("webhook signing secret", "whsec_", r"[A-Za-z0-9+/=]{24,100}+"),
    _key("OpenAI key", "sk-proj- sk-svcacct- sk-admin- sk-None-", rf"{_W}{{32,250}}+"),
    _key("Anthropic key", "sk-ant-", rf"{_W}{{32,250}}+"),
    _key("OpenRouter key", "sk-or-", rf"{_W}{{32,250}}+"),
    _token("model provider key", "sk-", rf"{_W}{{24,250}}+", Noun.KEY, random_looking),
    _key("Google API key", "AIza", rf"{_W}{{35}}+"),
    _key("Google OAuth client secret", "GOCSPX-", rf"{_W}{{24,40}}+"),
    _token("Google OAuth token", "ya29.", rf"{_W}{{20,400}}+"),
    _token("Google refresh token", "1//0", rf"{_W}{{30,200}}+"),
    _key("Groq key", "gsk_", rf"{_A}{{32,100}}+"),
    _key("xAI key", "xai-", rf"{_A}{{40,120}}+"),
    _key("Perplexity key", "pplx-", rf"{_A}{{32,80}}+"),
    _token("Replicate token", "r8_", rf"{_A}{{30,60}}+"),
    _token("Hugging Face token", "hf_ api_org_", rf"{_A}{{30,60}}+"),
    _key("Fireworks key", "fw_ tgp_v1_", rf"{_W}{{20,80}}+"),
    _key("NVIDIA key", "nvapi-", rf"{_W}{{50,100}}+"),
    _token("npm token", "npm_", rf"{_A}{{36}}"),
    _token("PyPI token", "pypi-", rf"{_W}{{50,300}}+"),
    _token("RubyGems key", "rubygems_", rf"{_HEX}{{48}}"),
    _token("Docker token", "dckr_pat_ dckr_oat_", rf"{_W}{{24,50}}+"),
    _key("Clojars token", "CLOJARS_", rf"{_A}{{60}}"),
    _key("NuGet key", "oy2", r"[a-z0-9]{43}"),
    _token("crates.io token", "cio", rf"{_A}{{32}}"),
    _token("DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", rf"{_HEX}{{64}}"),
    _key("SendGrid key", "SG.", rf"{_W}{{16,32}}+\.{_W}{{32,64}}+"),
    _key("Mailgun key", "key- pubkey-", rf"{_HEX}{{32}}"),
    _key("Brevo key", "xkeysib- xsmtpsib-", rf"{_HEX}{{64}}-{_A}{{16}}"),
    _key("Twilio key", "SK", rf"{_HEX}{{32}}"),
    _token("Shopify token", "shpat_ shpss_ shpca_ shppa_", rf"{_A}{{32}}"),
    _token("Square token", "sq0atp- sq0csp- EAAA", rf"{_W}{{22,80}}+"),
    _token("PlanetScale token", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[\w.-]{32,64}+"),
    _key("Linear key", "lin_api_ lin_oauth_", rf"{_A}{{32,64}}+"),
    _token("Notion token", "ntn_ secret_", rf"{_A}{{40,60}}+"),
    _token("Doppler token", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", r"[\w.-]{40,80}+"),
    _token("Vault token", "hvs. hvb. hvr.", rf"{_W}{{24,300}}+"),
    _token("Pulumi token", "pul-", rf"{_HEX}{{40}}"),
    _token("Databricks token", "dapi", rf"{_HEX}{{32}}(?:-[0-9])?"),
    _token("Grafana token", "glsa_ glc_", r"[\w+/=]{32,400}+"),
    _key("New Relic key", "NRAK- NRAL- NRJS- NRII- NRIQ-", rf"{_W}{{19,60}}+"),
    _token("Sentry token", "sntrys_ sntryu_", r"[\w+/=]{40,300}+"),
    _key("Postman key", "PMAK-", rf"{_HEX}{{24}}-{_HEX}{{34}}"),
    _token("Figma token", "figd_ figo_ figoh_", rf"{_W}{{36,60}}+"),
    _token("Atlassian token", "ATATT3 ATCTT3 ATBB ATSTT3", r"[\w=+/-]{24,300}+"),
    _token("Facebook token", "EAACEdEose0cBA EAAG EAAC EAAB", rf"{_A}{{40,300}}+"),
    _token("Supabase token", "sbp_ sb_secret_", rf"{_W}{{30,80}}+"),
    _token("Netlify token", "nfp_ nfc_ nfo_", rf"{_A}{{36,60}}+"),
    _token("Vercel token", "vcp_ vci_ vca_ vcr_ vck_", rf"{_A}{{24,80}}+"),
    _token("Fly.io token", "fm2_ fo1_", r"[\w+/=-]{40,600}+"),
    _token("Cloudflare key", "v1.0-", rf"{_HEX}{{24}}-{_HEX}{{100,160}}+"),
    _token("Heroku key", "HRKU-", rf"{_W}{{36,80}}+"),
    _key("Tailscale key", "tskey-", rf"{_W}{{20,100}}+"),
    _key("Artifactory key", "AKCp", rf"{_A}{{60,80}}+"),
    _key("Razorpay key", "rzp_live_ rzp_test_", rf"{_A}{{14,40}}+"),
    _key("Braintree token", "access_token$production$ access_token$sandbox$", r"[0-9a-z]{16}\$[0-9a-f]{32}"),
    _key("EasyPost key", "EZAK EZTK", rf"{_A}{{54}}"),
    _key("Flutterwave key", "FLWSECK-", r"[0-9a-z]{32}-X"),
    _token("Plaid token", "access-sandbox- access-development- access-production-", _UUID),
    _key("Alibaba access key id", "LTAI", rf"{_A}{{12,24}}+"),
    _key("Tencent access key id", "AKID", rf"{_A}{{32}}"),
    _key("Yandex key", "AQVN y0_", rf"{_W}{{35,60}}+"),
    _token("Dropbox token", "sl.", rf"{_W}{{60,200}}+"),
    _key("Adobe client secret", "p8e-", rf"{_A}{{32}}"),
    _token("Contentful token", "CFPAT-", rf"{_W}{{43}}"),
    _token("Dynatrace token", "dt0c01. dt0s01.", r"[A-Z2-7]{24}\.[A-Z2-7]{64}", Noun.TOKEN, unlike_example),
    _key("LaunchDarkly key", "sdk- api- mob-", _UUID),
    _token("Prefect key", "pnu_ pnb_", rf"{_A}{{36}}"),
    _token("Sourcegraph token", "sgp_", r"\w{40,64}+"),
    _token("Typeform token", "tfp_", r"[\w.=-]{40,64}+"),
    _token("1Password token", "ops_eyJ", r"[A-Za-z0-9+/=_-]{100,1200}+"),
    _token("Mapbox secret token", "sk.eyJ", rf"{_W}{{40,200}}+\.{_W}{{20,40}}+"),
    _key("Buildkite token", "bkua_", rf"{_HEX}{{40}}"),
    _key("CircleCI token", "CCIPAT_ CCIPRJ_", r"\w{40,120}+"),
    _key("Resend key", "re_", rf"{_A}{{8}}_{_A}{{24}}"),
    _key("PostHog key", "phx_ phc_", rf"{_A}{{40,50}}+"),
    _key("LangSmith key", "lsv2_pt_ lsv2_sk_", rf"{_HEX}{{32}}_{_HEX}{{10}}"),
    _key("Langfuse key", "sk-lf- pk-lf-", _UUID),
    _key("age key", "AGE-SECRET-KEY-1", r"[0-9A-Z]{58}"),
    _token("JSON web token", "eyJ", rf"{_W}{{10,4000}}+\.eyJ{_W}{{10,8000}}+\.{_W}{{10,2000}}+", Noun.TOKEN, always),
)
"""What its own beginning gives away, as the vendors document it."""

PLACES = (
    _place(
        "private key",
        Noun.KEY,
        "-----begin ",
        r"-----BEGIN [a-z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?:\s|\\[nr]|[\"'+,]){0,8}+[a-z][a-z-]{2,15}: [^\n\\]{0,100}){0,4}"
        r"(?P<secret>[\sa-z0-9+/=\\\"',|:#*.]{32,20000}+)",
        key_block,
    ),
    _place(
        "private key",
        Noun.KEY,
        "private-lines:",
        r"private-lines: \d{1,4}(?P<secret>[\sa-z0-9+/=]{32,20000}+)",
        key_block,
    ),
    _place(
        "password in a URL",
        Noun.PASSWORD,
        "://",
        r"://[^\s/@:\"'`<>]{0,80}+:(?P<secret>[^\s/@\"'`<>]{3,200}+)@",
        weak,
    ),
    _place("token in a URL", Noun.TOKEN, "://", r"://(?P<secret>[\w-]{20,200}+)(?::x-oauth-basic)?@", random_looking),
    _place(
        "webhook address",
        Noun.SECRET,
        "hooks.slack.com/|discord.com/api/webhooks/|discordapp.com/api/webhooks/|webhook.office.com/webhookb2/",
        r"[a-z.]{10,30}/(?:services|workflows|triggers|api/webhooks|webhookb2)/(?P<secret>[\w/@-]{30,250}+)",
        varied,
    ),
    _place("Telegram bot token", Noun.TOKEN, ":aa", r"(?<=\d{8}):(?P<secret>AA[\w-]{33})(?![\w-])", varied),
    _place("Mailchimp key", Noun.KEY, "-us", r"(?P<secret>[0-9a-f]{32}-us\d{1,2})\b", varied, behind=32),
    _place("Terraform Cloud token", Noun.TOKEN, ".atlasv1.", r"(?P<secret>\w{14}\.atlasv1\.[\w-]{60,70}+)", behind=14),
    _place("Azure client secret", Noun.SECRET, "q~", r"(?P<secret>[\w.~-]{3}\dQ~[\w.~-]{31,34}+)", varied, behind=4),
    _place("Airtable token", Noun.TOKEN, "pat", r"(?<!\w)(?P<secret>pat[a-z0-9]{14}\.[0-9a-f]{64})", varied),
    _place("Azure signature", Noun.SECRET, "sig=", r"(?<=[?&])sig=(?P<secret>[\w%+/-]{40,100}+=?)", varied),
    _place("Firebase key", Noun.KEY, ":apa91", r"(?P<secret>\w{11}:APA91[\w-]{120,160}+)", behind=11),
    _place("bearer token", Noun.TOKEN, "bearer ", r"bearer (?P<secret>[\w.~+/-]{16,2000}+={0,2})", random_looking),
    _place("basic login", Noun.PASSWORD, "basic ", r"basic (?P<secret>[a-z0-9+/]{8,400}+={0,2})", basic_login),
    _place(
        "registry login",
        Noun.PASSWORD,
        "auth",
        r"auth(?:\"\s{0,4}+:\s{0,4}+\"|\s?=\s?)(?P<secret>[a-z0-9+/]{8,400}+={0,2})",
        basic_login,
    ),
    _place(
        "login on a command line",
        Noun.PASSWORD,
        " -u |--user ",
        r" (?:-u|--user) [\"']?[^\s:\"'$]{1,80}+:(?P<secret>[^\s\"'$]{6,200}+)",
        chosen,
    ),
    _place(
        "login on a command line",
        Noun.PASSWORD,
        " -p|--pass|--token|--secret|--api-key|--apikey",
        r"(?: -p[= ]?|--[a-z-]{4,30}+[= ])[\"']?(?P<secret>[^\s\"'$=]{6,300}+)",
        chosen,
    ),
    _place(
        "login in netrc",
        Noun.PASSWORD,
        "login ",
        r"login \S{1,80}+\s{1,20}+password (?P<secret>[^\s\\]{4,200}+)",
        chosen,
    ),
    _place(
        "password in SQL",
        Noun.PASSWORD,
        "password|identified by",
        r"(?:password|identified by)\s{0,4}=?\s{0,4}(?:password)?\s?\(?'(?P<secret>[^\s']{4,200}+)'",
        simple,
    ),
    _place(
        "password in SQL",
        Noun.PASSWORD,
        "passw",
        r"passw\w{0,20}+[\"`\]]?\s{0,4}+\)\s{0,8}+values\s{0,4}+\([^()\n]{0,200}'(?P<secret>[^\s']{4,200}+)'\s{0,4}\)",
        simple,
    ),
    _place(
        "session cookie",
        Noun.TOKEN,
        "sess|.sid=",
        r"(?:sess\w{0,10}+|\.sid)=(?P<secret>[\w%.~+/-]{16,1000}+)",
        random_looking,
    ),
    _place(
        "secret that is set by a command",
        Noun.SECRET,
        "env |set |setx ",
        r"(?:env|setx?) [\w.-]{0,30}(?:passw|pwd|pass|secret|token|key)[\w.-]{0,20}[ \t]{1,4}\"?"
        r"(?P<secret>[^\s\"'`;,<>()\[\]{}$&|\\]{8,500}+)",
        chosen,
    ),
    _place(
        "secret that signs",
        Noun.KEY,
        "jwt.sign(|jwt.verify(|jwt.encode(|jwt.decode(|hmac.new(|createhmac(",
        r"[\w.]{4,12}\((?:[^,\n()]{1,60}+,\s{0,20}+)?b?[\"'`](?P<secret>[^\s\"'`]{12,500}+)[\"'`]",
        random_looking,
    ),
    _place(
        "login in a call",
        Noun.PASSWORD,
        "login(|auth=(|auth(|authenticate(|connect(|credentials(",
        r"[a-z=]{4,12}\([\"'][^\"'\s]{1,60}+[\"'],\s{0,20}+[\"'](?P<secret>[^\s\"']{6,200}+)[\"']",
        chosen,
    ),
    _place(
        "authorization header",
        Noun.TOKEN,
        "authorization",
        r"authorization(?:\\?[\"'\]]){0,2}+\s{0,4}+[:=,]\s{0,4}+(?:\\?[\"'`])?(?:[a-z]{3,12} )?"
        r"(?P<secret>[\w.~+/-]{16,2000}+={0,2})",
        random_looking,
    ),
    _place(
        "password hash",
        Noun.PASSWORD,
        "$2a$|$2b$|$2y$|$5$|$6$|$apr1$|$argon2|$y$",
        r"(?<![\w$./-])(?P<secret>\$[a-z0-9]{1,8}\$[\w$./=,+-]{30,200}+)",
        varied,
    ),
)
"""What is beside it gives it away."""


@dataclass(frozen=True, slots=True)
class Named:
    """A kind of secret that its name gives away: a variable's, a setting's, an argument's.

    gates: pieces of ASCII text in small letters; no name is without one of them.
    names: finds those in a text in small ASCII letters, from the telling word to the name's end.
    shortest: what has fewer characters is none.
    check: whether the value is a secret, given the form in which it stands: a group of `VALUE`.
    """

    kind: str
    noun: Noun
    gates: tuple[bytes, ...]
    names: re.Pattern[bytes]
    shortest: int
    check: Callable[[str, str], bool]


_IS = r"(?:\[\])?(?:\\?[\"'`\]]){0,2}+[ \t]{0,20}+"
_TYPE = r"(?::[ \t]{0,4}+&?(?:'static )?[a-z_][\w.<>\[\]]{0,30}+[ \t]{0,4}+(?==)|(?:string|str|varchar)[ \t]{1,4}+)?"
_BECOMES = (
    r"(?:=>|:=|={1,3}|!=|:|,|\()\s{0,40}+(?:[\w.$\[\]\"'()]{1,60}+[ ](?:\|\||\?\?|or)[ ])?\(?\s{0,40}+"
    r"(?:(?:new )?[\w.:\[\]]{1,30}+\(|[rbuf]{1,2}|@)?"
)
_PLAIN = r"[^\s\"'`;,<>()\[\]{}$&|=\\]{6,1000}+={0,2}"
_AFTER = (
    r"(?:\\?[\"'])?[\s,{]{1,30}+(?:(?:type|description|sensitive)[^\n]{0,100}\n\s{0,20}){0,3}\"?(?:value|default)\"?"
)

VALUE = re.compile(
    rf"{_IS}{_TYPE}{_BECOMES}\\?([\"'`])(?P<quoted>[^\s\"'`\\]{{6,1000}}+)\\?\1"
    rf"|(?<=(?-i:[A-Z0-9]))=(?P<variable>{_PLAIN})(?=\s|$)"
    rf"|{_IS}{_TYPE}(?:=|:[ \t](?:[>|]-?\n)?)[ \t]{{0,20}}+(?P<bare>{_PLAIN})(?=[\s;,&\"'`\\]|$)"
    r"|>(?P<element>[^\s<>]{6,1000}+)</"
    rf"|{_AFTER}\s{{0,8}}+[:=]\s{{0,8}}+\"?(?P<after>{_PLAIN})(?=[\s\"]|$)",
    re.IGNORECASE | re.ASCII,
)
"""What stands behind a name: in quotes; behind `=` to the line's end; bare; in an element; as a `value` beside it."""

OF_SOMETHING_ELSE = tuple(
    b"name type file path url uri field id label length count limit size error class column hint regex pattern prefix"
    b" suffix format kind mode version hash public algorithm alg expiry expire placeholder policy key-id key_id".split()
)
"""A name that ends so is that of something about the secret."""


def _named(kind: str, noun: Noun, words: str, shortest: int, check: Callable[[str, str], bool]) -> Named:
    """`words` are the telling ones, apart by bars, each a piece of text and then what must not be around it.

    The rest of the name is read at once, so that many telling words in one name cost no more than one.
    """
    follows = (
        r"(?:\[\])?[\\\"'`\]]{0,4}+[ \t]{0,20}+(?:[:=,(>]|str|varchar)|[\\\"']{0,2}+[\s,{]{1,30}+\"?(?:val|def|typ|des)"
    )
    names = re.compile(rf"(?:{words})[\w-]{{0,60}}+(?={follows})".encode(), re.ASCII)
    gates = tuple(word.partition("(")[0].encode() for word in words.split("|"))
    return Named(kind, noun, gates, names, shortest, check)


NAMED = (
    _named(
        "password",
        Noun.PASSWORD,
        "passw|passphrase|passcode|pwd|pass(?<![a-z]pass)(?![a-z])|pw(?<![a-z]pw)(?![a-z])|dbpass|smtppass|userpass",
        6,
        named_password,
    ),
    _named(
        "secret in a telling place",
        Noun.SECRET,
        "secret|token|credential|cookie|webhook|jwt|hmac|bearer|_auth",
        12,
        named_secret,
    ),
    _named(
        "key in a telling place",
        Noun.KEY,
        "key(?<!pubkey)(?<!publickey)(?<!public[_-]key)(?![a-z])",
        16,
        named_secret,
    ),
)
"""What its name gives away."""
