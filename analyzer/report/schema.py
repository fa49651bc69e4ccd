"""`python -m analyzer.report.schema`: writes schema.json, the JSON Schema of the report, beside this file."""

from pathlib import Path

from analyzer.report.model import schema

if __name__ == "__main__":
    Path(__file__).with_name("schema.json").write_bytes(schema())
