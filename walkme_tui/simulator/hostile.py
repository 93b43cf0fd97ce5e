"""Names that attack a terminal, a markup parser or a column, as a real directory may contain them."""

from typing import Final

ESC: Final = "\x1b"

# (first name, last name); their order decides which user of a seed has which name.
HOSTILE_NAMES: Final = (
    ("[red]Rhea[/red]", "Markup"),
    ("[/x]", "Unbalanced [/"),
    ("[@click=app.quit]Quinn[/]", "Clickable"),
    (f"{ESC}[31mEsther{ESC}[2J{ESC}[H", "Escape"),
    (f"{ESC}]52;c;cm0gLXJmIH4K\x07Oscar", "Clipboard"),
    (f"{ESC}]0;owned{ESC}\\Tilda", "Titlebar"),
    ("Nell\nNewline", "Two\r\nLines\tTab"),
    ("\u202egnitser\u202c", "Right\u2066to\u2069Left"),
    ("Z" + "\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334" * 12 + "algo", "Piled" + "\u0489" * 30),
    ("\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f3f4\u200d\u2620\ufe0f \U0001f1e8\U0001f1ed"),
    ("Longinus " + "L" * 4000, "W\u6f22" * 500),
    ("Ze\u200bro\u200d\u2060Width", "\ufeffHidden\u00ad\u115f"),
    ("\x9b31mCsi\x9d", "C1\x85Control\x00Null"),
    ("half \ud83d", "a pair"),
    ("   ", "\u3000\u00a0"),
    ("=HYPERLINK(\"http://x\")", "+cmd|' /C calc'!A0"),
    ("Robert'); DROP TABLE users;--", "%s %(x)s {0} ${HOME} `id`"),
    ("\u0e19\u0e49\u0e33\u0e49\u0e49\u0e49", "\u1100\u1161\u11a8\uffff\U000e0041"),
)  # fmt: skip
HOSTILE_GROUP: Final = f"[bold]QA[/bold]{ESC}[5m [@click=app.quit]leave"
HOSTILE_FIELDS: Final = {f"[red]{ESC}[7mkey": f"{ESC}]8;;http://x\x07link", "note": "line\nbreak [/]"}

FIRST_AT: Final = 7
EVERY: Final = 50


def hostile_name(number: int) -> tuple[str, str] | None:
    """The hostile name of user ``number``, one in every fifty, or None."""
    turn, place = divmod(number, EVERY)
    return HOSTILE_NAMES[turn % len(HOSTILE_NAMES)] if place == FIRST_AT else None
