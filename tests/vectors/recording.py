"""What the scripts that record reference values have in common: when a value is sound, and the file they write."""

import json
import platform

TOLERANCE = 2e-13  # relative, per element; an exact zero must be met exactly


def agree(number, exact_number):
    return abs(number - exact_number) <= TOLERANCE * abs(exact_number)  # False for NaN


def record(output, cases, **versions):
    """Write cases, one per line, with the versions of what computed them."""
    versions["python"] = platform.python_version()
    lines = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
    output.write_text(f'{{"generated_with": {json.dumps(versions)}, "cases": [\n{lines}\n]}}\n')
    print(f"{len(cases)} cases, {sum(len(case['logits']) for case in cases)} elements: {output.name}")
