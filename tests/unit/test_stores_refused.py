"""Stores, and profiles for them, that are refused at the start."""

from typing import Any

import pytest

from valetkey.adapters.memory import MemoryStore
from valetkey.core.errors import (
    ConfigurationError,
)
from valetkey.core.model.profile import Profile
from valetkey.core.stores import NamedStore, Stores


def a_store(name: str, **said: Any) -> NamedStore:
    return NamedStore(name, MemoryStore(said.pop("bucket", "one")), **said)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"prefix": "a/"}, {}),
        ({"prefix": "a/", "staging_prefix": "a/"}, {"prefix": "a/b/", "staging_prefix": "b/"}),
        ({"prefix": "a/"}, {"prefix": "b/"}),
        ({"prefix": "a/", "staging_prefix": "b/"}, {"prefix": "b/", "staging_prefix": "a/"}),
        ({"endpoint": "https://s3.example"}, {"endpoint": "https://S3.example:443/"}),
        ({"endpoint": "https://s3.example"}, {"endpoint": "http://s3.example:80"}),
        ({}, {"endpoint": "https://s3.us-east-1.amazonaws.com"}),
        ({"endpoint": "https://s3.dualstack.eu-west-1.amazonaws.com"}, {"endpoint": "https://s3.amazonaws.com"}),
        (
            {"endpoint": "https://s3.cn-north-1.amazonaws.com.cn"},
            {"endpoint": "https://s3.dualstack.cn-northwest-1.amazonaws.com.cn"},
        ),
        ({"endpoint": "https://s3.example"}, {"endpoint": "https://s3.example."}),
        ({"endpoint": "http://[::1]:9000"}, {"endpoint": "http://[0:0:0:0:0:0:0:1]:9000"}),
    ],
)
def test_two_stores_in_each_others_way(one: dict[str, str], other: dict[str, str]) -> None:
    """In one bucket of one endpoint, where the keys of one could be those of the other."""
    with pytest.raises(ConfigurationError, match=r"The stores 'a' and 'b' are both in the bucket 'one'"):
        Stores([a_store("a", **one), a_store("b", **other)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"bucket": "two"}),
        ({}, {"endpoint": "https://other"}),
        ({"endpoint": "http://s3.example:9000"}, {"endpoint": "http://s3.example:9001"}),
        ({"endpoint": "http://s3.example/a"}, {"endpoint": "http://s3.example/A"}),
        ({}, {"endpoint": "https://s3.cn-north-1.amazonaws.com.cn"}),
        ({"prefix": "a/", "staging_prefix": "a/"}, {"prefix": "b/", "staging_prefix": "b/"}),
        ({"prefix": "a/", "staging_prefix": "in/a/"}, {"prefix": "b/", "staging_prefix": "in/b/"}),
    ],
)
def test_two_stores_side_by_side(one: dict[str, str], other: dict[str, str]) -> None:
    """In two buckets, at two endpoints, or with prefixes apart."""
    assert len(Stores([a_store("a", **one), a_store("b", **other)])) == 2


@pytest.mark.parametrize(
    ("profile", "stores", "said"),
    [
        (Profile("p", store="mars"), [a_store("default")], r"names the store 'mars', which is not configured"),
        (Profile("p"), [a_store("a"), a_store("b", bucket="two")], "names no store, and no store is called 'def"),
        (Profile("p", key="aging/{id}"), [a_store("default", prefix="st")], "could be among those below 'staging/'"),
        (Profile("p", key="a/staging/{id}"), [a_store("x", staging_prefix="a/")], "could be among those below 'a/stag"),
        (
            Profile("p", key=f"a/{'x' * 900}/{{id}}"),
            [a_store("default", prefix="b" * 100 + "/")],
            "could have 1052 bytes, and S3 accepts at most 1024",
        ),
    ],
)
def test_profiles_that_fit_no_store(profile: Profile, stores: list[NamedStore], said: str) -> None:
    """At the start, with what to change."""
    with pytest.raises(ConfigurationError, match=said):
        Stores(stores).require_fit({"p": profile})


def test_one_store_of_any_name_needs_to_be_named_by_nobody() -> None:
    """Where there is only one, all uploads go there."""
    stores = Stores([a_store("only")])
    stores.require_fit({"p": Profile("p")})
    assert stores.for_new(Profile("p"), "ann").name == "only"
