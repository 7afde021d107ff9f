# SPDX-License-Identifier: GPL-2.0
"""How many columns of a terminal a text takes: names of instances are any text."""

import unicodedata


def _columns(character):
    if unicodedata.combining(character) or unicodedata.category(character) == "Mn":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def columns_of(text):
    """How many columns a terminal shows @text in."""
    return sum(_columns(c) for c in text) if not text.isascii() else len(text)


def cut(text, width):
    """As much of @text as has room."""
    if text.isascii():
        return text[:width]
    for n, character in enumerate(text):
        width -= _columns(character)
        if width < 0:
            return text[:n]
    return text


def flush_left(text, width):
    """@text, filled up to @width columns."""
    return text + " " * (width - columns_of(text))


def flush_right(text, width):
    """@text, with blanks before it that fill it up to @width columns."""
    return " " * (width - columns_of(text)) + text
