"""The tables of ``benchmarks/README.md``, each between two marks of its own."""

from pathlib import Path

README = Path(__file__).with_name("README.md")


def replace_section(name: str, text: str) -> None:
    """Write a section anew."""
    begin, end = f"<!-- made by make {name} -->", f"<!-- end of {name} -->"
    before, mark, rest = README.read_text(encoding="utf-8").partition(begin)
    if not mark or end not in rest:
        raise SystemExit(f"{README}: no place for {name}")
    README.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
