"""Tables of fields out of JSON Schemas."""

from __future__ import annotations

from typing import Any

from docs.generate.markdown import code, table, value

_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
}


def fields(schema: dict[str, Any]) -> str:
    """A table of an object's fields: name, type, default, meaning."""
    required = set(schema.get("required", ()))
    rows = [
        [code(name), type_of(node), "required" if name in required else _default(node), _meaning(node)]
        for name, node in schema.get("properties", {}).items()
    ]
    return table(["key", "type", "default", "meaning"], rows)


def _default(node: dict[str, Any]) -> str:
    default = node.get("default")
    return "" if isinstance(default, dict) else value(default) or ("null" if "default" in node else "")


def _meaning(node: dict[str, Any]) -> str:
    limits = [
        f"{words} {one[key]}"
        for one in (node, *node.get("anyOf", ()))
        for key, words in _LIMITS.items()
        if one.get("type") in ("number", "integer") and key in one
    ]
    return "; ".join(part for part in (node.get("description"), " and ".join(limits)) if part)


def type_of(node: dict[str, Any]) -> str:
    """The type of a value in words."""
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1].strip("_")
        return f"[{name}](#{name.lower()})"
    if "anyOf" in node:
        return " or ".join(type_of(one) for one in node["anyOf"])
    if "enum" in node or "const" in node:
        return ", ".join(code(str(one)) for one in node.get("enum", [node.get("const")]))
    return _structured(node)


def _structured(node: dict[str, Any]) -> str:
    kind = node.get("type", "any")
    if "prefixItems" in node:
        return "[" + ", ".join(type_of(one) for one in node["prefixItems"]) + "]"
    if kind == "array":
        return f"list of {type_of(node.get('items', {}))}"
    values = node.get("additionalProperties")
    if kind == "object" and isinstance(values, dict) and values:
        return f"object of {type_of(values)}"
    return kind
