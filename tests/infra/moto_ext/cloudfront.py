"""CloudFront: policies, VPC origins, published functions, and distributions that read back as they were written."""

from __future__ import annotations

import copy
from typing import Any

from moto.cloudfront import models, urls
from moto.cloudfront.models import CloudFrontBackend, random_id
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from .patch import error, etag, extends, get_or_raise, shelf

_ROOT = "{0}/2020-05-31"
for _kind in ("cache-policy", "origin-request-policy", "response-headers-policy", "vpc-origin"):
    for _path in (f"{_kind}$", f"{_kind}/(?P<id>[^/]+)$", f"{_kind}/(?P<id>[^/]+)/config$"):
        urls.url_paths[f"{_ROOT}/{_path}"] = CloudFrontResponse.dispatch
urls.url_paths[f"{_ROOT}/function/(?P<function_name>[^/]+)/publish$"] = CloudFrontResponse.dispatch

# AWS's own policies that we and others name, with the ids that they have in every account.
_NO_KEY = {
    "EnableAcceptEncodingGzip": False,
    "EnableAcceptEncodingBrotli": False,
    "HeadersConfig": {"HeaderBehavior": "none"},
    "CookiesConfig": {"CookieBehavior": "none"},
    "QueryStringsConfig": {"QueryStringBehavior": "none"},
}
_COMPRESSED = {**_NO_KEY, "EnableAcceptEncodingGzip": True, "EnableAcceptEncodingBrotli": True}


def _cache(name: str, ttl: tuple[int, int, int], key: dict[str, Any]) -> dict[str, Any]:
    least, usual, most = ttl
    return {
        "Name": f"Managed-{name}",
        "MinTTL": least,
        "DefaultTTL": usual,
        "MaxTTL": most,
        "ParametersInCacheKeyAndForwardedToOrigin": key,
    }


def _forward(name: str, headers: str, cookies: str, queries: str) -> dict[str, Any]:
    return {
        "Name": f"Managed-{name}",
        "HeadersConfig": {"HeaderBehavior": headers},
        "CookiesConfig": {"CookieBehavior": cookies},
        "QueryStringsConfig": {"QueryStringBehavior": queries},
    }


_MANAGED = {
    "CachePolicy": {
        "658327ea-f89d-4fab-a63d-7e88639e58f6": _cache("CachingOptimized", (1, 86400, 31536000), _COMPRESSED),
        "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": _cache(
            "CachingOptimizedForUncompressedObjects", (1, 86400, 31536000), _NO_KEY
        ),
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": _cache("CachingDisabled", (0, 0, 0), _NO_KEY),
        "83da9c7e-98b4-4e11-a168-04f0df8e2c65": _cache("UseOriginCacheControlHeaders", (0, 0, 31536000), _COMPRESSED),
        "4cc15a8a-d715-48a4-82b8-cc0b614638fe": _cache(
            "UseOriginCacheControlHeaders-QueryStrings",
            (0, 0, 31536000),
            {**_COMPRESSED, "QueryStringsConfig": {"QueryStringBehavior": "all"}},
        ),
    },
    "OriginRequestPolicy": {
        "216adef6-5c7f-47e4-b989-5492eafa07d3": _forward("AllViewer", "allViewer", "all", "all"),
        "b689b0a8-53d0-40ab-baf2-68738e2966ac": _forward("AllViewerExceptHostHeader", "allExcept", "all", "all"),
        "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": _forward("CORS-S3Origin", "whitelist", "none", "none"),
        "59781a5b-3903-41f3-afcb-af62929ccde1": _forward("CORS-CustomOrigin", "whitelist", "none", "all"),
    },
    "ResponseHeadersPolicy": {
        "67f7725c-6f97-4210-82d7-5512b31e9d03": {"Name": "Managed-SecurityHeadersPolicy"},
        "60669652-455b-4ae9-85a4-c4c02393f86c": {"Name": "Managed-SimpleCORS"},
        "e61eb60c-9c35-4d20-a928-2b84e02af89c": {"Name": "Managed-CORS-and-SecurityHeadersPolicy"},
    },
}


@extends(CloudFrontResponse)
class _Policies:
    """The three kinds of policy behave alike: KIND is CachePolicy, OriginRequestPolicy or ResponseHeadersPolicy."""

    def policies(self: Any, kind: str) -> dict[str, Any]:
        kept = shelf(self.backend, kind)
        if not kept:
            for id_, config in _MANAGED[kind].items():
                kept[id_] = {"Id": id_, f"{kind}Config": config, "LastModifiedTime": utcnow(), "etag": etag()}
        return kept

    def create_policy(self: Any, kind: str) -> ActionResult:
        config = self.params[f"{kind}Config"]
        if any(one[f"{kind}Config"]["Name"] == config["Name"] for one in self.policies(kind).values()):
            raise error(f"{kind}AlreadyExists", f"A policy with the name {config['Name']} already exists.")
        id_ = models.random.uuid4().__str__()
        self.policies(kind)[id_] = {
            "Id": id_,
            f"{kind}Config": config,
            "LastModifiedTime": utcnow(),
            "etag": etag(),
        }
        return self.policy_answer(kind, id_)

    def policy_answer(self: Any, kind: str, id_: str | None = None) -> ActionResult:
        policy = get_or_raise(self.policies(kind), id_ or self.params["Id"], f"NoSuch{kind}")
        return ActionResult({kind: policy, f"{kind}Config": policy[f"{kind}Config"], "ETag": policy["etag"]})

    def update_policy(self: Any, kind: str) -> ActionResult:
        policy = get_or_raise(self.policies(kind), self.params["Id"], f"NoSuch{kind}")
        policy.update({f"{kind}Config": self.params[f"{kind}Config"], "etag": etag()})
        return self.policy_answer(kind)

    def delete_policy(self: Any, kind: str) -> ActionResult:
        id_ = self.params["Id"]
        get_or_raise(self.policies(kind), id_, f"NoSuch{kind}")
        for distribution in self.backend.distributions.values():
            if id_ in str(vars(distribution.distribution_config)):
                raise error(f"{kind}InUse", f"The policy {id_} is attached to a distribution.")
        del self.policies(kind)[id_]
        return EmptyResult()

    def list_policies(self: Any, kind: str) -> ActionResult:
        wanted = self.params.get("Type")
        items = [
            {"Type": "managed" if id_ in _MANAGED[kind] else "custom", kind: policy}
            for id_, policy in self.policies(kind).items()
        ]
        items = [one for one in items if wanted in (None, one["Type"])]
        return ActionResult({f"{kind}List": {"MaxItems": 100, "Quantity": len(items), "Items": items}})


def _policy_operations(kind: str, snake: str) -> None:
    for verb, name in (
        ("create_policy", f"create_{snake}"),
        ("policy_answer", f"get_{snake}"),
        ("policy_answer", f"get_{snake}_config"),
        ("update_policy", f"update_{snake}"),
        ("delete_policy", f"delete_{snake}"),
    ):
        setattr(CloudFrontResponse, name, lambda self, verb=verb: getattr(self, verb)(kind))
    plural = "response_headers_policies" if snake == "response_headers_policy" else f"{snake[:-1]}ies"
    setattr(CloudFrontResponse, f"list_{plural}", lambda self: self.list_policies(kind))


_policy_operations("CachePolicy", "cache_policy")
_policy_operations("OriginRequestPolicy", "origin_request_policy")
_policy_operations("ResponseHeadersPolicy", "response_headers_policy")


@extends(CloudFrontResponse)
class _VpcOrigins:
    def create_vpc_origin(self: Any) -> ActionResult:
        config = self.params["VpcOriginEndpointConfig"]
        id_ = f"vo_{random_id(length=22)}"
        arn = f"arn:aws:cloudfront::{self.current_account}:vpcorigin/{id_}"
        origin = {
            "Id": id_,
            "Arn": arn,
            "Status": "Deployed",
            "CreatedTime": utcnow(),
            "LastModifiedTime": utcnow(),
            "VpcOriginEndpointConfig": config,
            "etag": etag(),
        }
        shelf(self.backend, "vpc_origins")[id_] = origin
        self.backend.tagger.tag_resource(arn, (self.params.get("Tags") or {}).get("Items") or [])
        return ActionResult({"VpcOrigin": origin, "ETag": origin["etag"]})

    def get_vpc_origin(self: Any) -> ActionResult:
        origin = get_or_raise(shelf(self.backend, "vpc_origins"), self.params["Id"], "EntityNotFound")
        return ActionResult({"VpcOrigin": origin, "ETag": origin["etag"]})

    def update_vpc_origin(self: Any) -> ActionResult:
        origin = get_or_raise(shelf(self.backend, "vpc_origins"), self.params["Id"], "EntityNotFound")
        origin.update(VpcOriginEndpointConfig=self.params["VpcOriginEndpointConfig"], etag=etag())
        return ActionResult({"VpcOrigin": origin, "ETag": origin["etag"]})

    def delete_vpc_origin(self: Any) -> ActionResult:
        origins = shelf(self.backend, "vpc_origins")
        origin = get_or_raise(origins, self.params["Id"], "EntityNotFound")
        del origins[origin["Id"]]
        return ActionResult({"VpcOrigin": origin, "ETag": origin["etag"]})


@extends(CloudFrontResponse)
class _Functions:
    """A function has two stages; what moto keeps is the one in development."""

    def create_function(self: Any) -> ActionResult:
        name = self.params["Name"]
        answer: ActionResult = self.moto_create_function()
        self.backend.functions[name].live = None
        return answer

    def publish_function(self: Any) -> ActionResult:
        function = self.backend.describe_function(self.params["Name"])
        function.live = copy.copy(function)
        function.live.stage, function.live.status = "LIVE", "DEPLOYED"
        function.status = "DEPLOYED"
        return ActionResult({"FunctionSummary": function.live.function_summary})

    def at_stage(self: Any) -> Any:
        function = self.backend.describe_function(self.params["Name"])
        if self.params.get("Stage") != "LIVE":
            return function
        if getattr(function, "live", None) is None:
            raise error("NoSuchFunctionExists", "The function was never published.")
        return function.live

    def describe_function(self: Any) -> ActionResult:
        function = self.at_stage()
        return ActionResult({"FunctionSummary": function.function_summary, "ETag": function.etag})

    def get_function(self: Any) -> ActionResult:
        function = self.at_stage()
        return ActionResult(
            {"FunctionCode": function.code, "ETag": function.etag, "ContentType": "application/octet-stream"}
        )

    def update_function(self: Any) -> ActionResult:
        function = self.backend.describe_function(self.params["Name"])
        function.config, function.code = self.params["FunctionConfig"], self.params["FunctionCode"]
        function.etag, function.status = etag(), "UNPUBLISHED"
        return ActionResult({"FunctionSummary": function.function_summary, "ETag": function.etag})


_BEHAVIOUR = {
    "TrustedSigners": {"Enabled": False, "Quantity": 0},
    "TrustedKeyGroups": {"Enabled": False, "Quantity": 0},
    "LambdaFunctionAssociations": {"Quantity": 0},
    "FunctionAssociations": {"Quantity": 0},
    "FieldLevelEncryptionId": "",
    "SmoothStreaming": False,
    "Compress": False,
    "GrpcConfig": {"Enabled": False},
}
_ORIGIN = {
    "OriginPath": "",
    "CustomHeaders": {"Quantity": 0},
    "ConnectionAttempts": 3,
    "ConnectionTimeout": 10,
    "OriginShield": {"Enabled": False},
    "OriginAccessControlId": "",
}
_DISTRIBUTION = {
    "Aliases": {"Quantity": 0},
    "OriginGroups": {"Quantity": 0},
    "CacheBehaviors": {"Quantity": 0},
    "CustomErrorResponses": {"Quantity": 0},
    "DefaultRootObject": "",
    "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
    "PriceClass": "PriceClass_All",
    "ViewerCertificate": {"CloudFrontDefaultCertificate": True, "MinimumProtocolVersion": "TLSv1"},
    "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
    "WebACLId": "",
    "HttpVersion": "http2",
    "IsIPV6Enabled": True,
    "ContinuousDeploymentPolicyId": "",
    "Staging": False,
}


class DistributionConfig:
    """A distribution's settings as they were given, and AWS's defaults for the rest."""

    def __init__(self, config: dict[str, Any]) -> None:
        settings = {**copy.deepcopy(_DISTRIBUTION), **config}
        origins = settings["Origins"]["Items"]
        settings["Origins"] = {"Quantity": len(origins), "Items": [{**_ORIGIN, **one} for one in origins]}
        settings["DefaultCacheBehavior"] = {**_BEHAVIOUR, **settings["DefaultCacheBehavior"]}
        behaviours = [{**_BEHAVIOUR, **one} for one in settings["CacheBehaviors"].get("Items") or []]
        settings["CacheBehaviors"] = {"Quantity": len(behaviours), "Items": behaviours}
        known = {one["Id"] for one in origins + (settings["OriginGroups"].get("Items") or [])}
        for behaviour in (settings["DefaultCacheBehavior"], *behaviours):
            if behaviour["TargetOriginId"] not in known:
                raise models.OriginDoesNotExist
        self.__dict__.update(settings)
        self.caller_reference = settings["CallerReference"]
        self.enabled = settings["Enabled"]


models.DistributionConfig = DistributionConfig  # type: ignore[assignment,misc]


@extends(CloudFrontBackend)
class _Distributions:
    def update_distribution(self: Any, dist_config: dict[str, Any], _id: str, if_match: bool) -> Any:
        answer = self.moto_update_distribution(dist_config, _id, if_match)
        self.distributions[_id].etag = random_id()
        return answer
