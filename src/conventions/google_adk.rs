//! Google's Agent Development Kit.

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["gcp.vertex.agent."],
    inputs: &["gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"],
    outputs: &["gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response"],
    sessions: &["gcp.vertex.agent.session_id"],
    // The results of parallel calls, merged (2.13 `telemetry/tracing.py`, `trace_merged_tool_calls`).
    non_tool_names: &["(merged tools)"],
    ..Convention::NONE
};
