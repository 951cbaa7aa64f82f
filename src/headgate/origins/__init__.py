"""What is fetched from addresses that the policy names; nothing else here or elsewhere reaches the network."""

from headgate.origins.fetching import FetchError, fetch
from headgate.origins.key_sets import RemoteKeys, remote_keys
from headgate.origins.lists import RemoteList, remote_list

__all__ = ["FetchError", "RemoteKeys", "RemoteList", "fetch", "remote_keys", "remote_list"]
