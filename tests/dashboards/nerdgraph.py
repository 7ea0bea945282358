"""NerdGraph's published types, as far as our mutations reach, as a schema that graphql-core can coerce against."""

import json
import re
from pathlib import Path
from typing import Any

import newrelic_sb_sdk.graphql.objects as published
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values
from newrelic_sb_sdk.graphql import nerdgraph

MUTATIONS = ("dashboardCreate", "alertsPolicyCreate", "alertsNrqlConditionStaticCreate")
BUILT_IN = {"Int", "Float", "String", "Boolean", "ID"}
NO_CHOICES = re.compile(r"enum (\w+) \{\s*\}")
"""The published enum AlertsNrqlStaticConditionValueFunction has no value; GraphQL's language cannot say that."""


def schema() -> GraphQLSchema:
    """The mutations with their arguments and answers, and every type that these name."""
    fields = [field for field in published.RootMutationType if field.graphql_name in MUTATIONS]
    mutation = "type Mutation {\n" + "\n".join(f"  {field!r}" for field in fields) + "\n}"
    texts: dict[str, str] = {}
    wanted = _named(mutation)
    while wanted:
        name = wanted.pop()
        if name in BUILT_IN or name in texts:
            continue
        texts[name] = NO_CHOICES.sub(r"scalar \1", repr(getattr(nerdgraph, name)))
        wanted |= _named(texts[name])
    return build_schema("\n".join(["type Query { nothing: Int }", mutation, *texts.values()]))


def problems(types: GraphQLSchema, mutation: str, variables: dict[str, Any]) -> list[str]:
    """What NerdGraph would say against this mutation with these variables, as far as its types go."""
    document = parse(mutation)
    found = [error.message for error in validate(types, document)]
    (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    definitions = operation.variable_definitions or ()
    known = {one.variable.name.value for one in definitions}
    found += [f"nobody asks for ${name}" for name in sorted(variables.keys() - known)]
    answer = get_variable_values(types, definitions, variables)
    return found + [error.message for error in answer] if isinstance(answer, list) else found


def variables_of(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _named(text: str) -> set[str]:
    """The types that a definition names: of its fields and of their arguments."""
    return set(re.findall(r":\s*\[?(\w+)", text)) | set(re.findall(r"(?:implements|=|\||&|,)\s+([A-Z]\w+)", text))
