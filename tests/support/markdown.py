"""Texts that attack Markdown, and Markdown as GitHub reads it."""

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.plan_strategies import TEXTS

EVIL = st.sampled_from(
    [
        "[x](https://evil.test)",
        "![x](https://evil.test/a.png)",
        "<script>alert(1)</script>",
        "https://evil.test www.evil.test evil@evil.test",
        "`` ` ``` ",
        "`",
        "\\`",
        "a|b|c",
        "\n# Heading\n\n---\n",
        "\n- [ ] task\n> quote",
        "&lt;b&gt; &#x1b;",
        "~~x~~ **x** _x_",
        "```\ncode\n```",
        "\x1b]8;;https://evil.test\x07x\x1b]8;;\x07",
        "\u202eabc",
    ]
)
HOSTILE = EVIL | TEXTS | st.lists(EVIL | TEXTS, max_size=3).map("".join)
# All that any text of ours is made of: structure, never taken from the account.
OURS = {
    "heading_open", "heading_close", "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close",
    "paragraph_open", "paragraph_close", "inline", "text", "code_inline", "ordered_list_open", "ordered_list_close",
}  # fmt: skip


def tokens(markdown: str) -> list[Token]:
    """Every token of the Markdown as GitHub reads it, bare addresses made links included."""
    found: list[Token] = []
    for token in MarkdownIt("gfm-like").parse(markdown):
        found += [token, *(token.children or [])]
    return found
