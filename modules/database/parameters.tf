locals {
  parameters = {
    # The application pins this on each connection and refuses to start on another; whoever else connects gets it too.
    transaction_isolation = { apply_method = "pending-reboot", value = "READ-COMMITTED" }

    # No connection without TLS, and no old one.
    require_secure_transport = { apply_method = "immediate", value = "ON" }
    tls_version              = { apply_method = "pending-reboot", value = "TLSv1.2,TLSv1.3" }

    character_set_server = { apply_method = "immediate", value = "utf8mb4" }
    collation_server     = { apply_method = "immediate", value = "utf8mb4_0900_ai_ci" }
    time_zone            = { apply_method = "immediate", value = "UTC" }

    # A buyer waits no longer for a seat's row than for an answer.
    innodb_lock_wait_timeout   = { apply_method = "immediate", value = "5" }
    innodb_print_all_deadlocks = { apply_method = "immediate", value = "1" }

    long_query_time = { apply_method = "immediate", value = "0.5" }
    slow_query_log  = { apply_method = "immediate", value = "1" }

    # Who connected, and who changed tables or rights. Not each query: those name people.
    server_audit_events  = { apply_method = "immediate", value = "CONNECT,QUERY_DCL,QUERY_DDL" }
    server_audit_logging = { apply_method = "immediate", value = "1" }
  }
}
