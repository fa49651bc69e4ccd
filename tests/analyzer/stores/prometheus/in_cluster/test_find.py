"""Looking for Prometheus in a cluster: what is found, what is asked, and what is said when it fails."""

from __future__ import annotations

import httpx2
import pytest

from analyzer.stores.prometheus.errors import Refused, Transient, Unauthorised
from analyzer.stores.prometheus.in_cluster.find import NoPrometheus, find_prometheus
from exporters.kubernetes.kubeconfig import ClusterError
from exporters.source import SourceFailed
from tests.analyzer.stores.prometheus.in_cluster.conftest import TOKEN, FakeApiServer, Kubeconfig, service

LABELS = {"app.kubernetes.io/name": "prometheus"}
PROMETHEUS = service("monitoring", "prometheus-k8s", LABELS, {"web": 9090})
UNUSUAL = service("team", "metrics", LABELS, {"web": 9090})
DNS = service("kube-system", "kube-dns", {"k8s-app": "kube-dns"}, {"dns-tcp": 53})


def test_one_listing_is_enough(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    kubeconfig.write(api.url)
    api.services = [DNS, PROMETHEUS]
    assert [str(each) for each in find_prometheus().candidates] == ["prometheus-k8s in monitoring"]
    assert [path.partition("?")[0] for path in api.asked] == ["/api/v1/services"]


def test_access_is_all_that_a_client_needs(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    """The double takes no request without the token; that Prometheus is not there is its 404 and not a 401."""
    kubeconfig.write(f"{api.url}/")
    api.services = [service("mon", "mimir-query-frontend", {}, {"http-metrics": 8080})]
    found = find_prometheus()
    access = found.access(found.candidates[0])
    path = "/api/v1/namespaces/mon/services/http:mimir-query-frontend:8080/proxy/prometheus"
    assert access.base_url == api.url + path
    assert access.description == "mimir-query-frontend in mon, through the Kubernetes API server"
    assert access.tls is None
    assert TOKEN not in repr(access)
    assert httpx2.get(f"{access.base_url}/api/v1/query", auth=access.auth).status_code == 404
    assert api.asked[-1] == f"{path}/api/v1/query"


def test_where_all_may_not_be_listed_the_usual_namespaces_and_the_own_are(
    api: FakeApiServer, kubeconfig: Kubeconfig
) -> None:
    kubeconfig.write(api.url)
    api.services, api.may_list = [DNS, PROMETHEUS, UNUSUAL], {"team", "monitoring"}
    assert {str(each) for each in find_prometheus().candidates} == {"metrics in team", "prometheus-k8s in monitoring"}


def test_where_nothing_may_be_listed_the_usual_names_are_tried(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    kubeconfig.write(api.url)
    api.services, api.may_list, api.may_get = [DNS, PROMETHEUS, UNUSUAL], set(), {"prometheus-k8s"}
    assert [str(each) for each in find_prometheus().candidates] == ["prometheus-k8s in monitoring"]


def test_where_nothing_may_be_read_the_message_says_what_to_ask_for(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    kubeconfig.write(api.url)
    api.services, api.may_list = [PROMETHEUS], set()
    with pytest.raises(Unauthorised, match=r'User "alice" cannot list.*`get` and `list` on `services`') as caught:
        find_prometheus()
    assert caught.value.status == 403
    assert "--prometheus URL" in str(caught.value)


@pytest.mark.parametrize(("may_list", "where"), [(None, "in all namespaces"), ({"team"}, "in team, monitoring, ")])
def test_a_cluster_without_prometheus_says_what_was_looked_for(
    api: FakeApiServer, kubeconfig: Kubeconfig, may_list: set[str] | None, where: str
) -> None:
    kubeconfig.write(api.url)
    api.services, api.may_list = [DNS], may_list
    with pytest.raises(NoPrometheus, match=rf"looked {where}.*Thanos Query.*--prometheus URL") as caught:
        find_prometheus()
    assert caught.value.exit_code == 2


def test_old_credentials_are_said_to_be_so(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    kubeconfig.write(api.url, {"token": "expired-secret"})
    with pytest.raises(Unauthorised, match=r"does not accept the credentials.*sign in again") as caught:
        find_prometheus()
    assert "expired-secret" not in str(caught.value)


@pytest.mark.parametrize(("code", "kind"), [(500, Transient), (429, Transient), (418, Refused)])
def test_an_api_server_in_trouble_is_quoted(
    api: FakeApiServer, kubeconfig: Kubeconfig, code: int, kind: type[SourceFailed]
) -> None:
    kubeconfig.write(api.url)
    api.fails_with = code
    with pytest.raises(kind, match=rf"status {code} \(etcdserver: leader changed\)"):
        find_prometheus()


def test_an_api_server_that_hangs_is_given_up(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    kubeconfig.write(api.url)
    api.hangs = True
    with pytest.raises(Transient, match="cannot be reached: no answer in time"):
        find_prometheus(timeout_seconds=0.2)


def test_an_api_server_that_is_gone_is_named(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    kubeconfig.write(api.url.replace(str(api.server_port), "1"))
    with pytest.raises(Transient, match=r"127\.0\.0\.1:1 \(context blue\) cannot be reached: .*--prometheus URL"):
        find_prometheus()


def test_a_server_that_is_no_api_server_is_not_mistaken_for_an_empty_one(
    api: FakeApiServer, kubeconfig: Kubeconfig
) -> None:
    kubeconfig.write(f"{api.url}/elsewhere")
    with pytest.raises(SourceFailed, match="no listing of Services: is it one"):
        find_prometheus()


def test_where_no_cluster_is_known_or_nobody_can_sign_in_the_way_out_is_named(kubeconfig: Kubeconfig) -> None:
    with pytest.raises(ClusterError, match=r"no Prometheus was named.*no context in.*or give --prometheus URL"):
        find_prometheus()
    kubeconfig.write("http://127.0.0.1:9", {"tokenFile": "gone"})
    with pytest.raises(SourceFailed, match=r"Token file .*gone not found.*or give --prometheus URL"):
        find_prometheus()
