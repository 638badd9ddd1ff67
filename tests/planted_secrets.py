"""Files as people write them, each with one secret in it that was made up on the spot; and their like without any.

For the tests of redaction and for `scripts/bench`. Everything is drawn from a seed when it runs: no text that looks
like a secret stands in the repository.
"""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Callable  # noqa: TC003 - dataclasses look at it
from dataclasses import dataclass
from random import Random

LETTERS = string.ascii_letters
ALNUM = LETTERS + string.digits
LOWER = string.ascii_lowercase + string.digits
UPPER = string.ascii_uppercase + string.digits
BASE32 = string.ascii_uppercase + "234567"
BASE64 = ALNUM + "+/"
URLSAFE = ALNUM + "-_"
HEX = "0123456789abcdef"
WORDS = (
    "river",
    "copper",
    "lantern",
    "orbit",
    "maple",
    "falcon",
    "harbor",
    "velvet",
    "quartz",
    "meadow",
    "tiger",
    "winter",
)


@dataclass(frozen=True)
class Planted:
    """A file, and the secret in it."""

    kind: str
    language: str
    text: str
    secret: str

    def __repr__(self):
        return f"{self.kind} in {self.language}"


@dataclass(frozen=True)
class Kind:
    """How a kind of secret is made up, the names that people give it, and where it stands if not behind its name."""

    make: Callable[[Random], str]
    names: tuple[str, ...] = ("value", "client", "x", "default", "arg0", "credentials", "config_entry")
    files: tuple[tuple[str, str], ...] = ()


def planted(seed=0, rounds=8):
    """So many files of each kind, in changing languages."""
    random = Random(seed)
    for name, kind in KINDS.items():
        files = list(kind.files) or sorted(FILES.items())
        random.shuffle(files)
        for number in range(rounds):
            language, text = files[number % len(files)]
            secret = kind.make(random)
            yield Planted(name, language, _written(text, random.choice(kind.names), secret, random), secret)


def leaks(secret, text):
    """Whether a piece of the secret that is worth something can be read in the text."""
    piece = max(6, len(secret) // 5)
    body = secret[len(secret) // 4 :]  # what a token begins with is no secret
    return any(body[at : at + piece] in text for at in range(max(1, len(body) - piece + 1)))


def _written(text, name, secret, random):
    words = name.split("_")
    others = [word for word in WORDS if word not in secret.lower()]  # they would look as if it leaked
    parts = {
        "snake": name,
        "upper": name.upper(),
        "camel": words[0] + "".join(map(str.capitalize, words[1:])),
        "pascal": "".join(map(str.capitalize, words)),
        "kebab": name.replace("_", "-"),
        "dotted": name.replace("_", "."),
        "secret": secret,
        "word": random.choice(others),
        "other": random.choice(others),
        "number": str(random.randrange(1000, 9999)),
    }
    for part, value in parts.items():
        text = text.replace(f"<<{part}>>", value)
    return text


def _of(letters, length):
    def make(random):
        return "".join(random.choices(letters, k=length))

    return make


def _after(start, letters, length, end=""):
    def make(random):
        return start + "".join(random.choices(letters, k=length)) + end

    return make


def _form(form):
    """`{A32}` stands for 32 of ALNUM, and so on."""
    sets = {"A": ALNUM, "L": LOWER, "U": UPPER, "T": BASE32, "B": BASE64, "W": URLSAFE, "H": HEX, "D": string.digits}

    def make(random):
        pieces = form.replace("{", "\0{").replace("}", "\0").split("\0")
        return "".join(
            "".join(random.choices(sets[piece[1]], k=int(piece[2:]))) if piece.startswith("{") else piece
            for piece in pieces
        )

    return make


def _uuid(random):
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def _password(random):
    """As people choose them where a policy asks for signs, and as generators do."""
    if random.random() < 0.5:
        word = random.choice(WORDS).capitalize()
        return f"{word}{random.choice('!@#%^*-_.')}{random.choice(WORDS)}{random.randrange(10, 9999)}"
    return "".join(random.choices(ALNUM, k=10)) + random.choice("!@#%^*") + random.choice("0123456789")


def _simple_password(random):
    """A word, and digits behind it."""
    return random.choice(WORDS) + str(random.randrange(10, 9999))


def _base64(random, length):
    return base64.b64encode(random.randbytes(length)).decode()


def _pem(random):
    text = base64.b64encode(b"0\x82\x04\xbd" + random.randbytes(1190)).decode()
    return "\n".join(text[at : at + 64] for at in range(0, len(text), 64))


def _short_pem(random):
    return base64.b64encode(b"0w\x02\x01\x01\x04 " + random.randbytes(100)).decode()


def _jwt(random):
    def part(text):
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    claims = f'{{"sub":"{random.randrange(10**9)}","name":"{random.choice(WORDS)}","exp":{random.randrange(10**9)}}}'
    return f'{part("""{"alg":"HS256","typ":"JWT"}""")}.{part(claims)}.{"".join(random.choices(URLSAFE, k=43))}'


def _login(random):
    return base64.b64encode(f"{random.choice(WORDS)}:{_password(random)}".encode()).decode()


FILES = {
    "python": """\
import logging
from dataclasses import dataclass

logger = logging.getLogger(__name__)

<<upper>> = "<<secret>>"
TIMEOUT = 30


def connect(host: str = "<<word>>.internal", port: int = <<number>>) -> None:
    logger.info("connecting to %s:%d", host, port)
""",
    "python arguments": """\
def build(session):
    return <<pascal>>Client(
        base_url="https://api.<<word>>.dev/v2",
        <<snake>>='<<secret>>',
        retries=3,
    )
""",
    "python types": """\
class Settings(BaseSettings):
    <<snake>>: str = "<<secret>>"
    region: str = "eu-west-1"
""",
    "python dict": """\
CONFIG = {
    "host": "db.<<word>>.local",
    "<<snake>>": "<<secret>>",
    "pool_size": 12,
}
""",
    "python default": """\
import os

<<snake>> = os.environ.get("<<upper>>", "<<secret>>")
""",
    "javascript": """\
const express = require('express');
const <<camel>> = '<<secret>>';

module.exports = { port: <<number>>, <<camel>>, name: '<<word>>' };
""",
    "javascript object": """\
export default {
  endpoint: 'https://<<word>>.example.org',
  <<camel>>: '<<secret>>',
  retries: 5,
};
""",
    "typescript": """\
export class <<pascal>>Service {
  private readonly <<camel>>: string = "<<secret>>";
  constructor(private readonly http: HttpClient) {}
}
""",
    "template string": """\
const headers = { 'x-<<kebab>>': `<<secret>>` };
await fetch(`${base}/v1/<<word>>`, { headers });
""",
    "go": """\
package main

import "net/http"

const <<camel>> = "<<secret>>"

func main() { http.ListenAndServe(":<<number>>", nil) }
""",
    "go struct": """\
	client := <<word>>.New(<<word>>.Options{
		<<pascal>>: "<<secret>>",
		Timeout: 10 * time.Second,
	})
""",
    "rust": """\
use std::time::Duration;

const <<upper>>: &str = "<<secret>>";

fn timeout() -> Duration { Duration::from_secs(30) }
""",
    "java": """\
public final class Config {
    private static final String <<upper>> = "<<secret>>";
    public static final int PORT = <<number>>;
}
""",
    "c#": """\
public class Startup
{
    private const string <<pascal>> = @"<<secret>>";
}
""",
    "c": """\
#include <stdio.h>
static const char <<snake>>[] = "<<secret>>";
""",
    "ruby": """\
Rails.application.configure do
  config.<<snake>> = '<<secret>>'
  config.hosts << "<<word>>.local"
end
""",
    "ruby hash": """\
client = Client.new(:<<snake>> => "<<secret>>", :timeout => 5)
""",
    "php": """\
<?php
define('<<upper>>', '<<secret>>');
return ['<<snake>>' => getenv('<<upper>>')];
""",
    "kotlin": """\
object Config {
    const val <<upper>> = "<<secret>>"
}
""",
    "swift": """\
struct Config {
    static let <<camel>> = "<<secret>>"
}
""",
    "yaml": """\
service:
  name: <<word>>
  <<snake>>: <<secret>>
  replicas: 3
""",
    "yaml quoted": """\
env:
  - name: LOG_LEVEL
    value: info
<<camel>>: "<<secret>>"
""",
    "dotenv": """\
DEBUG=false
<<upper>>=<<secret>>
PORT=<<number>>
""",
    "dotenv quoted": """\
# <<word>>
<<upper>>="<<secret>>"
""",
    "json": """\
{
  "name": "<<word>>",
  "<<camel>>": "<<secret>>",
  "port": <<number>>
}
""",
    "json in a string": """\
body := "{\\"user\\":\\"<<word>>\\",\\"<<snake>>\\":\\"<<secret>>\\"}"
""",
    "shell": """\
#!/bin/sh
set -eu
export <<upper>>='<<secret>>'
exec ./<<word>> --port <<number>>
""",
    "shell bare": """\
<<upper>>=<<secret>> ./deploy.sh <<word>>
""",
    "properties": """\
server.port=<<number>>
<<word>>.<<dotted>>=<<secret>>
<<word>>.<<kebab>>.enabled=true
""",
    "toml": """\
[<<word>>]
<<snake>> = "<<secret>>"
workers = 4
""",
    "ini": """\
[<<word>>]
host = localhost
<<snake>> = <<secret>>
""",
    "terraform": """\
resource "<<word>>_instance" "main" {
  name    = "<<word>>"
  <<snake>> = "<<secret>>"
}
""",
    "dockerfile": """\
FROM python:3.12-slim
ENV <<upper>>=<<secret>>
COPY . /app
""",
    "compose": """\
services:
  <<word>>:
    environment:
      - <<upper>>=<<secret>>
""",
    "xml": """\
<configuration>
  <<<camel>>><<secret>></<<camel>>>
</configuration>
""",
    "lua": """\
local M = {}
M.<<snake>> = "<<secret>>"
return M
""",
    "comment": """\
def sync():
    # the old one was <<snake>> = "<<secret>>"
    return None
""",
}

_PASSWORD_NAMES = (
    "password",
    "db_password",
    "smtp_passwd",
    "redis_password",
    "admin_password",
    "user_pwd",
    "passphrase",
)
_SECRET_NAMES = (
    "secret",
    "client_secret",
    "app_secret",
    "secret_key",
    "jwt_secret",
    "session_secret",
    "webhook_secret",
)
_TOKEN_NAMES = ("token", "auth_token", "access_token", "bearer_token", "refresh_token", "api_token", "bot_token")
_KEY_NAMES = ("api_key", "apikey", "access_key", "service_api_key", "encryption_key", "signing_key", "private_key")

_PEM_FILES = (
    ("pem", "-----BEGIN RSA PRIVATE KEY-----\n<<secret>>\n-----END RSA PRIVATE KEY-----\n"),
    ("python", 'KEY = """-----BEGIN PRIVATE KEY-----\n<<secret>>\n-----END PRIVATE KEY-----"""\n\n\nx = load()\n'),
    ("openssh", "# <<word>>\n-----BEGIN OPENSSH PRIVATE KEY-----\n<<secret>>\n-----END OPENSSH PRIVATE KEY-----\n"),
    (
        "encrypted",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,9F\n\n<<secret>>\n---",
    ),
    ("cut off", "const key = `-----BEGIN EC PRIVATE KEY-----\n<<secret>>\n"),
    ("pgp", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n<<secret>>\n-----END PGP\n"),
)
_SHORT_PEM_FILES = (
    (
        "json",
        '{"type": "service", "private_key": "-----BEGIN PRIVATE KEY-----\\n<<secret>>\\n-----END PRIVATE KEY-----"}',
    ),
    ("dotenv", 'SIGNING="-----BEGIN EC PRIVATE KEY-----\\n<<secret>>\\n-----END EC PRIVATE KEY-----"\n'),
    ("go", 'var pem = "-----BEGIN EC PRIVATE KEY-----\\n" +\n\t"<<secret>>\\n" +\n\t"-----END EC PRIVATE KEY-----"\n'),
    ("yaml", "tls:\n  key: |\n    -----BEGIN PRIVATE KEY-----\n    <<secret>>\n    -----END PRIVATE KEY-----\n"),
)
_URL_FILES = (
    ("python", 'ENGINE = create_engine("postgresql+psycopg://<<word>>:<<secret>>@db.<<other>>.net:5432/app")\n'),
    ("dotenv", "DATABASE_URL=mysql://<<word>>:<<secret>>@10.0.0.7/shop?ssl=true\n"),
    ("yaml", "broker: amqp://<<word>>:<<secret>>@queue:5672//\n"),
    ("javascript", "mongoose.connect('mongodb+srv://<<word>>:<<secret>>@cluster0.<<other>>.mongodb.net/app');\n"),
    ("redis", 'let url = "redis://:<<secret>>@cache.<<word>>.internal:6379/0";\n'),
    ("shell", "git clone https://<<word>>:<<secret>>@git.<<other>>.com/team/app.git\n"),
)
_CONNECTION_FILES = (
    ("c#", 'var cs = "Server=sql.<<word>>.net;Database=app;User Id=sa;Password=<<secret>>;Encrypt=true";\n'),
    ("json", '{"ConnectionStrings": {"Main": "Host=db;Username=app;Password=<<secret>>;Pooling=true"}}\n'),
    ("java", 'DriverManager.getConnection("jdbc:postgresql://db/app?user=<<word>>&password=<<secret>>&ssl=true");\n'),
    ("odbc", 'cnxn = pyodbc.connect("DRIVER={ODBC Driver 18};SERVER=db;UID=app;PWD=<<secret>>")\n'),
)
_HEADER_FILES = (
    ("shell", 'curl -H "Authorization: Bearer <<secret>>" https://api.<<word>>.dev/v1/items\n'),
    ("javascript", "fetch(url, { headers: { Authorization: 'Bearer <<secret>>' } });\n"),
    ("python", 'headers = {"Authorization": "Bearer <<secret>>", "Accept": "application/json"}\n'),
    ("http", "GET /items HTTP/1.1\nHost: api.<<word>>.dev\nAuthorization: Bearer <<secret>>\n\n"),
)
_SQL_FILES = (
    ("mysql", "CREATE USER '<<word>>'@'%' IDENTIFIED BY '<<secret>>';\nGRANT SELECT ON app.* TO '<<word>>'@'%';\n"),
    ("postgres", "CREATE ROLE <<word>> WITH LOGIN PASSWORD '<<secret>>';\n"),
    ("alter", "ALTER USER <<word>> WITH ENCRYPTED PASSWORD '<<secret>>' VALID UNTIL 'infinity';\n"),
    ("insert", "INSERT INTO accounts (name, password) VALUES ('<<word>>', '<<secret>>');\n"),
    ("set", "SET PASSWORD FOR '<<word>>'@'localhost' = PASSWORD('<<secret>>');\n"),
)
_COMMAND_FILES = (
    ("shell", "mysqldump -u root --password=<<secret>> shop > shop.sql\n"),
    ("powershell", "az login --username <<word>> --password <<secret>>\n"),
    ("dockerfile", "RUN ./configure --with-db --db-password '<<secret>>' && make\n"),
    ("curl", "curl -sS -u <<word>>:<<secret>> https://ci.<<other>>.net/job/build\n"),
    ("makefile", "deploy:\n\tsshpass -p '<<secret>>' scp app <<word>>@host:/srv\n"),
    ("helm", "helm upgrade app ./chart --set auth.password=<<secret>>\n"),
)
_BESIDE_FILES = (
    ("yaml", "env:\n  - name: DB_PASSWORD\n    value: <<secret>>\n  - name: PORT\n    value: '80'\n"),
    ("json", '{"environment": [{"name": "DB_PASSWORD", "value": "<<secret>>"}]}\n'),
    ("terraform", 'variable "db_password" {\n  type    = string\n  default = "<<secret>>"\n}\n'),
    ("xml", '<add key="SmtpPassword" value="<<secret>>" />\n'),
)
_CALL_FILES = (
    ("python", 'server = smtplib.SMTP("mail.<<word>>.net")\nserver.login("<<other>>", "<<secret>>")\n'),
    ("requests", 'r = requests.get(url, auth=("<<word>>", "<<secret>>"), timeout=5)\n'),
    ("java", 'config.setPassword("<<secret>>");\nconfig.setUser("<<word>>");\n'),
)
_KUBERNETES_FILES = (
    ("yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  password: <<secret>>\n"),
    ("several", "apiVersion: v1\nkind: Secret\ndata:\n  username: YWRtaW4=\n  db-password: <<secret>>\ntype: Opaque\n"),
)

KINDS = {
    "AWS access key id": Kind(_after("AKIA", BASE32, 16)),
    "AWS temporary key id": Kind(_after("ASIA", BASE32, 16)),
    "AWS secret access key": Kind(_of(BASE64, 40), ("aws_secret_access_key", "secret_access_key", "aws_secret_key")),
    "AWS session token": Kind(_after("IQoJb3JpZ2luX2Vj", BASE64, 300, "=="), ("aws_session_token",)),
    "GitHub personal token": Kind(_after("ghp_", ALNUM, 36)),
    "GitHub app token": Kind(_after("ghs_", ALNUM, 36)),
    "GitHub OAuth token": Kind(_after("gho_", ALNUM, 36)),
    "GitHub fine-grained token": Kind(_form("github_pat_{A22}_{A59}")),
    "GitLab personal token": Kind(_after("glpat-", URLSAFE, 20)),
    "GitLab runner token": Kind(_after("glrt-", URLSAFE, 20)),
    "Slack bot token": Kind(_form("xoxb-{D12}-{D13}-{A24}")),
    "Slack user token": Kind(_form("xoxp-{D12}-{D12}-{D13}-{H32}")),
    "Slack app token": Kind(_form("xapp-1-A{U10}-{D13}-{H64}")),
    "Slack webhook": Kind(
        _form("T{U10}/B{U10}/{A24}"),
        files=(
            ("python", 'HOOK = "https://hooks.slack.com/services/<<secret>>"\n'),
            ("yaml", "notify:\n  slack: https://hooks.slack.com/services/<<secret>>\n"),
        ),
    ),
    "Discord webhook": Kind(
        _form("{D18}/{W68}"),
        files=(("go", 'const hook = "https://discord.com/api/webhooks/<<secret>>"\n'),),
    ),
    "Discord bot token": Kind(_form("MT{A22}.G{W5}.{W38}"), ("discord_token", "bot_token", "token")),
    "Telegram bot token": Kind(_form("{D10}:AA{W33}")),
    "Stripe secret key": Kind(_after("sk_live_", ALNUM, 24)),
    "Stripe test key": Kind(_form("sk_test_51{A97}")),
    "Stripe restricted key": Kind(_after("rk_live_", ALNUM, 24)),
    "Stripe webhook secret": Kind(_after("whsec_", ALNUM, 32)),
    "OpenAI project key": Kind(_form("sk-proj-{W74}T3BlbkFJ{W74}")),
    "OpenAI key, old": Kind(_form("sk-{A20}T3BlbkFJ{A20}")),
    "Anthropic key": Kind(_form("sk-ant-api03-{W93}AA")),
    "OpenRouter key": Kind(_after("sk-or-v1-", HEX, 64)),
    "DeepSeek key": Kind(_after("sk-", HEX, 32)),
    "Google API key": Kind(_after("AIza", URLSAFE, 35)),
    "Google OAuth client secret": Kind(_after("GOCSPX-", URLSAFE, 28)),
    "Google OAuth token": Kind(_form("ya29.a0{W160}")),
    "Groq key": Kind(_after("gsk_", ALNUM, 52)),
    "xAI key": Kind(_after("xai-", ALNUM, 80)),
    "Perplexity key": Kind(_after("pplx-", ALNUM, 48)),
    "Replicate token": Kind(_after("r8_", ALNUM, 37)),
    "Hugging Face token": Kind(_after("hf_", LETTERS, 33, "7")),
    "NVIDIA key": Kind(_after("nvapi-", URLSAFE, 64)),
    "Mistral key": Kind(_of(ALNUM, 32), ("mistral_api_key", "api_key")),
    "Cohere key": Kind(_of(ALNUM, 40), ("cohere_api_key", "co_api_key")),
    "npm token": Kind(_after("npm_", ALNUM, 36)),
    "npm registry login": Kind(
        _uuid, files=(("npmrc", "registry=https://npm.<<word>>.com/\n//npm.<<word>>.com/:_authToken=<<secret>>\n"),)
    ),
    "PyPI token": Kind(_after("pypi-AgEIcHlwaS5vcmc", URLSAFE, 150)),
    "RubyGems key": Kind(_after("rubygems_", HEX, 48)),
    "crates.io token": Kind(_after("cio", ALNUM, 32)),
    "NuGet key": Kind(_after("oy2", LOWER, 43)),
    "Docker token": Kind(_after("dckr_pat_", URLSAFE, 27)),
    "Docker registry login": Kind(
        _login, files=(("json", '{"auths": {"registry.<<word>>.com": {"auth": "<<secret>>"}}}\n'),)
    ),
    "DigitalOcean token": Kind(_after("dop_v1_", HEX, 64)),
    "Heroku key": Kind(_uuid, ("heroku_api_key", "heroku_token")),
    "Heroku key, new": Kind(_form("HRKU-AA{W58}")),
    "SendGrid key": Kind(_form("SG.{W22}.{W43}")),
    "Mailgun key": Kind(_after("key-", HEX, 32)),
    "Mailchimp key": Kind(_form("{H32}-us14")),
    "Brevo key": Kind(_form("xkeysib-{H64}-{A16}")),
    "Twilio key": Kind(_after("SK", HEX, 32)),
    "Twilio auth token": Kind(_of(HEX, 32), ("twilio_auth_token", "auth_token")),
    "Shopify token": Kind(_after("shpat_", HEX, 32)),
    "Square token": Kind(_after("sq0atp-", URLSAFE, 22)),
    "PlanetScale token": Kind(_after("pscale_tkn_", URLSAFE, 43)),
    "Linear key": Kind(_after("lin_api_", ALNUM, 40)),
    "Notion token": Kind(_form("ntn_{D11}{A35}")),
    "Doppler token": Kind(_after("dp.pt.", ALNUM, 43)),
    "Vault token": Kind(_after("hvs.", URLSAFE, 90)),
    "Terraform Cloud token": Kind(_form("{A14}.atlasv1.{A67}")),
    "Pulumi token": Kind(_after("pul-", HEX, 40)),
    "Databricks token": Kind(_after("dapi", HEX, 32)),
    "Grafana token": Kind(_form("glsa_{A32}_{H8}")),
    "New Relic key": Kind(_after("NRAK-", UPPER, 27)),
    "Datadog key": Kind(_of(HEX, 32), ("datadog_api_key", "dd_api_key", "dd_app_key")),
    "Sentry token": Kind(_after("sntryu_", HEX, 64)),
    "Sentry address": Kind(
        _of(HEX, 32),
        files=(("python", 'sentry_sdk.init(dsn="https://<<secret>>@o<<number>>.ingest.sentry.io/<<number>>")\n'),),
    ),
    "Postman key": Kind(_form("PMAK-{H24}-{H34}")),
    "Figma token": Kind(_after("figd_", URLSAFE, 40)),
    "Airtable token": Kind(_form("pat{A14}.{H64}")),
    "Atlassian token": Kind(_form("ATATT3xFfGF0{W170}={U8}")),
    "Azure storage key": Kind(
        lambda random: _base64(random, 64),
        ("account_key",),
        (
            (
                "python",
                'CS = "AccountName=<<word>>;AccountKey=<<secret>>;EndpointSuffix=core.windows.net"\n',
            ),
            ("json", '{"storage": {"accountName": "<<word>>", "accountKey": "<<secret>>"}}\n'),
        ),
    ),
    "Azure client secret": Kind(_form("{A3}8Q~{A34}")),
    "Azure service bus key": Kind(
        lambda random: _base64(random, 32),
        files=(
            (
                "c#",
                'var cs = "Endpoint=sb://<<word>>.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=<<secret>>";\n',
            ),
        ),
    ),
    "Azure signature": Kind(
        _form("{A40}%2B{A3}%3D"),
        files=(
            (
                "python",
                'URL = "https://<<word>>.blob.core.windows.net/c/f?sv=2022-11-02&se=2026-01-01&sig=<<secret>>"\n',
            ),
        ),
    ),
    "Azure DevOps token": Kind(_of(LOWER, 52), ("azure_devops_token", "azure_devops_ext_pat_token")),
    "Facebook token": Kind(_after("EAAG", ALNUM, 150)),
    "Supabase token": Kind(_after("sbp_", HEX, 40)),
    "Netlify token": Kind(_after("nfp_", ALNUM, 40)),
    "Cloudflare token": Kind(_of(URLSAFE, 40), ("cloudflare_api_token", "cf_api_token")),
    "Cloudflare global key": Kind(_of(HEX, 37), ("cloudflare_api_key", "cf_api_key")),
    "Fly.io token": Kind(_after("fm2_lJPECAAAAAAA", BASE64, 120)),
    "Tailscale key": Kind(_form("tskey-auth-k{A10}CNTRL-{A32}")),
    "Artifactory key": Kind(_after("AKCp8", ALNUM, 68)),
    "Razorpay key": Kind(_after("rzp_live_", ALNUM, 14)),
    "Braintree token": Kind(_form("access_token$production${L16}${H32}")),
    "EasyPost key": Kind(_after("EZAK", ALNUM, 54)),
    "Plaid token": Kind(lambda random: "access-sandbox-" + _uuid(random)),
    "Alibaba key id": Kind(_after("LTAI5t", ALNUM, 18)),
    "Tencent key id": Kind(_after("AKID", ALNUM, 32)),
    "Dropbox token": Kind(_after("sl.", URLSAFE, 135)),
    "Contentful token": Kind(_after("CFPAT-", URLSAFE, 43)),
    "Dynatrace token": Kind(_form("dt0c01.{T24}.{T64}")),
    "LaunchDarkly key": Kind(lambda random: "sdk-" + _uuid(random)),
    "Prefect key": Kind(_after("pnu_", ALNUM, 36)),
    "Sourcegraph token": Kind(_after("sgp_", HEX, 40)),
    "Mapbox secret token": Kind(_form("sk.eyJ1Ijoi{A80}.{W22}")),
    "Firebase key": Kind(_form("AAAA{A7}:APA91b{W134}")),
    "Okta token": Kind(_after("00", URLSAFE, 40), ("okta_api_token", "okta_client_token")),
    "Snyk token": Kind(_uuid, ("snyk_token",)),
    "Algolia admin key": Kind(_of(HEX, 32), ("algolia_api_key", "algolia_admin_key")),
    "CircleCI token": Kind(_of(HEX, 40), ("circle_token", "circleci_api_token")),
    "Asana token": Kind(_form("1/{D16}:{H32}"), ("asana_token", "asana_access_token")),
    "Twitter bearer token": Kind(_after("AAAAAAAAAAAAAAAAAAAAA", ALNUM, 90), ("twitter_bearer_token", "bearer_token")),
    "WireGuard key": Kind(
        lambda random: _base64(random, 32),
        files=(("ini", "[Interface]\nAddress = 10.0.0.2/32\nPrivateKey = <<secret>>\n"),),
    ),
    "age key": Kind(_after("AGE-SECRET-KEY-1", UPPER, 58)),
    "JSON web token": Kind(_jwt),
    "private key": Kind(_pem, files=_PEM_FILES),
    "private key on one line": Kind(_short_pem, files=_SHORT_PEM_FILES),
    "PuTTY key": Kind(
        _short_pem,
        files=(
            (
                "ppk",
                "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 2\n<<secret>>\nPrivate-MAC: 00\n",
            ),
        ),
    ),
    "password": Kind(_password, _PASSWORD_NAMES),
    "simple password": Kind(
        _simple_password,
        _PASSWORD_NAMES,
        tuple(
            (name, FILES[name])
            for name in (
                "python",
                "python dict",
                "javascript",
                "java",
                "json",
                "toml",
                "go",
                "dotenv",
                "terraform",
                "dockerfile",
                "yaml quoted",
                "shell",
            )
        ),
    ),
    "password in a URL": Kind(_of(ALNUM, 14), files=_URL_FILES),
    "simple password in a URL": Kind(_simple_password, files=_URL_FILES),
    "password in a connection string": Kind(_password, files=_CONNECTION_FILES),
    "password in SQL": Kind(_password, files=_SQL_FILES),
    "password on a command line": Kind(_password, files=_COMMAND_FILES),
    "password in netrc": Kind(
        _password, files=(("netrc", "machine git.<<word>>.com\nlogin <<other>>\npassword <<secret>>\n"),)
    ),
    "password in a Kubernetes secret": Kind(
        lambda random: base64.b64encode((_password(random) + "!x").encode()).decode(), files=_KUBERNETES_FILES
    ),
    "password beside its name": Kind(_password, files=_BESIDE_FILES),
    "login in a call": Kind(_password, files=_CALL_FILES),
    "authorization header": Kind(
        _of(HEX, 40),
        files=(
            ("python", 'headers["Authorization"] = "token <<secret>>"\n'),
            ("shell", "curl -H 'Authorization: Key <<secret>>' https://<<word>>.dev\n"),
            ("go", 'request.Header.Set("Authorization", "<<secret>>")\n'),
        ),
    ),
    "password hash": Kind(_form("$2b$12${A53}"), ("admin_password_hash", "htpasswd", "value")),
    "basic login": Kind(
        _login,
        files=(
            ("shell", 'curl -H "Authorization: Basic <<secret>>" https://<<word>>.dev/\n'),
            ("javascript", "const headers = { 'Authorization': 'Basic <<secret>>' };\n"),
        ),
    ),
    "bearer token": Kind(_of(ALNUM, 40), files=_HEADER_FILES),
    "hexadecimal secret": Kind(_of(HEX, 64), _SECRET_NAMES),
    "random secret": Kind(_of(ALNUM, 32), _SECRET_NAMES),
    "random secret with signs": Kind(
        _of(ALNUM + "!@%^*-_=+", 50),
        ("django_secret_key", "secret_key", "app_secret"),
        tuple((name, FILES[name]) for name in ("python", "json", "toml", "yaml quoted", "dotenv quoted", "java")),
    ),
    "random token": Kind(_of(URLSAFE, 43), _TOKEN_NAMES),
    "random key": Kind(_of(ALNUM, 24), _KEY_NAMES),
    "hexadecimal key": Kind(_of(HEX, 32), _KEY_NAMES),
    "base64 key": Kind(lambda random: _base64(random, 32), _KEY_NAMES),
    "Ethereum key": Kind(_after("0x", HEX, 64), ("private_key", "deployer_private_key")),
    "session cookie": Kind(
        _of(ALNUM, 48),
        files=(
            ("shell", "curl -b 'sessionid=<<secret>>; theme=dark' https://<<word>>.dev/\n"),
            ("python", 'r = get(url, headers={"Cookie": "session=<<secret>>"})\n'),
        ),
    ),
}
