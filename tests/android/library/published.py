"""What the Kotlin library knows without a model file: kinds of files, schemes by count, box mappings."""

from __future__ import annotations

import json
import textwrap

from facekp_export.inference.metadata import KINDS
from facekp_train.boxes import box_mappings
from facekp_train.landmarks import SCHEMES
from tests.support.places import ROOT

FILE = ROOT / "facekp_export" / "android" / "facekp" / "src/main/kotlin/org/facekp/Published.kt"
_TEMPLATE = '''package org.facekp

/** Written by `make app-vectors` from the toolkit's own tables; do not edit. */
internal object Published {{
    private val schemes by lazy {{
        (Json.parse(SCHEMES) as List<*>).map(Scheme::of).associateBy {{ it.points }}
    }}

    /** Every kind of file that an export can hold. */
    val kinds: Set<String> = setOf({kinds})

    private val mappings by lazy {{
        mapOf(
            "tight" to BoxMapping.TIGHT,
{mappings}
        )
    }}

    /** The default scheme of each count of points. */
    fun schemes(): Map<Int, Scheme> = schemes

    /** Every box source's mapping to the tight box. */
    fun mappings(): Map<String, BoxMapping> = mappings

    private const val SCHEMES = """
{schemes}
"""
}}
'''


def published() -> str:
    """The content of Published.kt."""
    mappings = [
        f'            "{source}" to BoxMapping({fit.dx}, {fit.dy}, {fit.scale}),'
        for source, fit in box_mappings().items()
        if source != "tight"
    ]
    schemes = json.dumps([scheme.as_dict() for scheme in SCHEMES.values()])
    lines = textwrap.wrap(schemes, 118, break_long_words=False, break_on_hyphens=False)
    kinds = ", ".join(f'"{kind}"' for kind in KINDS)
    return _TEMPLATE.format(kinds=kinds, mappings="\n".join(mappings), schemes="\n".join(lines))
