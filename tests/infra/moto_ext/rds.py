"""RDS: the engine versions on offer, and the settings of Aurora that moto forgets or makes up."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.models import DBCluster, DBInstance
from moto.rds.responses import RDSResponse

from .patch import extends

# Engine, parameter group family, version. Enough of Aurora MySQL to choose from; the newest comes last.
_OFFERED = (
    ("aurora-mysql", "aurora-mysql5.7", "5.7.mysql_aurora.2.12.5"),
    ("aurora-mysql", "aurora-mysql8.0", "8.0.mysql_aurora.3.04.3"),
    ("aurora-mysql", "aurora-mysql8.0", "8.0.mysql_aurora.3.08.2"),
    ("aurora-mysql", "aurora-mysql8.0", "8.0.mysql_aurora.3.10.0"),
    ("aurora-mysql", "aurora-mysql8.0", "8.0.mysql_aurora.3.10.1"),
    ("aurora-mysql", "aurora-mysql8.0", "8.0.mysql_aurora.3.10.2"),
    ("aurora-mysql", "aurora-mysql8.0", "8.0.mysql_aurora.3.10.3"),
    ("aurora-mysql", "aurora-mysql8.0", "8.0.mysql_aurora.3.11.0"),
    ("aurora-mysql", "aurora-mysql8.0", "8.0.mysql_aurora.3.12.0"),
)
_DEFAULT = "8.0.mysql_aurora.3.10.1"


def _fits(version: str, wanted: str | None) -> bool:
    return wanted is None or version == wanted or version.startswith(f"{wanted}.")


@extends(RDSResponse)
class _EngineVersions:
    def describe_db_engine_versions(self: Any) -> ActionResult:
        params = self.params
        found = [
            {
                "Engine": engine,
                "EngineVersion": version,
                "DBParameterGroupFamily": family,
                "DBEngineDescription": "Aurora MySQL",
                "DBEngineVersionDescription": f"Aurora MySQL {version}",
                "ExportableLogTypes": ["audit", "error", "general", "slowquery"],
                "SupportedEngineModes": ["provisioned"],
                "SupportsGlobalDatabases": True,
                "SupportsLogExportsToCloudwatchLogs": True,
                "SupportsReadReplica": False,
                "ValidUpgradeTarget": [],
                "SupportedCACertificateIdentifiers": ["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"],
                "Status": "available",
            }
            for engine, family, version in _OFFERED
            if params.get("Engine") in (None, engine)
            and params.get("DBParameterGroupFamily") in (None, family)
            and _fits(version, params.get("EngineVersion"))
            and (not params.get("DefaultOnly") or version == _DEFAULT)
        ]
        return ActionResult({"DBEngineVersions": found})

    def describe_db_parameters(self: Any) -> ActionResult:
        name = self.params.get("DBParameterGroupName")
        groups = self.backend.describe_db_parameter_groups({"db_parameter_group_name": name})
        if not groups:
            return self.moto_describe_db_parameters()  # type: ignore[no-any-return]
        return ActionResult({"Parameters": [{"Source": "user", **one} for one in groups[0].parameters.values()]})


@extends(DBCluster)
class _Cluster:
    @property
    def scaling_configuration_info(self: Any) -> dict[str, Any] | None:
        """Only clusters of engine mode `serverless` have one."""
        given = self.scaling_configuration
        if not given:
            return None
        return {"".join(word.title() for word in key.split("_")): value for key, value in given.items()}


_create_instance = DBInstance.__init__


def _init_instance(self: Any, backend: Any, *given: Any, **kwargs: Any) -> None:
    # What AWS gives an instance that asks for no other.
    kwargs.setdefault("ca_certificate_identifier", "rds-ca-rsa2048-g1")
    _create_instance(self, backend, *given, **kwargs)
    for name in (
        "performance_insights_enabled",
        "performance_insights_kms_key_id",
        "performance_insights_retention_period",
        "database_insights_mode",
        "network_type",
    ):
        renamed = name.replace("performance_insights_enabled", "enable_performance_insights")
        value = kwargs.get(renamed, kwargs.get(name))
        if value is not None:
            setattr(self, name, value)
    # Describe calls it otherwise than Create does.
    if kwargs.get("enable_performance_insights"):
        self.performance_insights_enabled = True


DBInstance.__init__ = _init_instance  # type: ignore[method-assign]
