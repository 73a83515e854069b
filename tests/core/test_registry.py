"""The registry: plug-in files by name, listed without being imported."""

import subprocess
import sys

import pytest

from seldbench import registry
from seldbench.errors import UnknownName


def test_a_files_name_is_the_things_name():
    assert "crnn" in registry.names("architectures")
    assert "logmel_desed" in registry.names("features")
    assert {"strong", "weak"} <= set(registry.names("formats"))
    assert {"desed", "desed-sim"} <= set(registry.names("datasets"))
    assert "crnn/desed" in registry.names("recipes")
    assert "ast_sed" in registry.names("tables")


def test_shared_code_with_a_leading_underscore_is_no_plug_in():
    for kind in registry.DEFINES:
        assert not [name for name in registry.names(kind) if name.startswith("_")]


@pytest.mark.parametrize("kind", sorted(registry.DEFINES))
def test_every_listed_name_is_found(kind):
    for name in registry.names(kind):
        assert registry.find(kind, name) is not None


def test_an_unknown_name_comes_with_the_nearest_known_one():
    with pytest.raises(UnknownName, match=r"no architecture named 'cnn' \(near: crnn"):
        registry.find("architectures", "cnn")


def test_an_unknown_kind_is_refused():
    with pytest.raises(UnknownName, match="no kind 'models'"):
        registry.names("models")


def test_listing_imports_neither_torch_nor_pandas_nor_matplotlib():
    code = (
        "import sys; from seldbench import registry;"
        "[registry.names(k) for k in (*registry.DEFINES, *registry.DATA)];"
        "heavy = {'torch', 'pandas', 'matplotlib', 'numpy', 'pydantic'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
