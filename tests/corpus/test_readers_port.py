from pathlib import Path

import pytest

from corpus.readers import READERS, Reader, reader_for


@pytest.mark.parametrize("name", ["a.md", "a.markdown", "a.txt", "a.jsonl", "a.htm", "a.pdf", "A.TXT", "folder.d/b.Md"])
def test_a_reader_is_chosen_by_suffix_in_whatever_case(name: str) -> None:
    reader = reader_for(Path(name))
    assert reader is not None
    assert Path(name).suffix.lower() in reader.suffixes


@pytest.mark.parametrize("name", ["a.docx", "a", ".txt", "a.jsonl.gz", "a.pdf.gz"])
def test_other_files_have_no_reader(name: str) -> None:
    assert reader_for(Path(name)) is None


@pytest.mark.parametrize("suffix", sorted(READERS))
def test_suffixes_are_spelled_in_small_letters_with_their_dot(suffix: str) -> None:
    reader: Reader = READERS[suffix]
    assert suffix.startswith(".")
    assert suffix == suffix.lower()
    assert suffix in reader.suffixes
