//! Strands Agents: `gen_ai.*`, with its own name as the provider.

use super::convention::Convention;
use crate::model::UsageScope;

/// The tokens of an agent include all its turns so far (strands-agents 1.62 `telemetry/tracer.py`, `end_agent_span`).
const SCOPE: UsageScope = UsageScope::AllTurns;

pub(super) const CONVENTION: Convention = Convention {
    usage_scopes: &[("gen_ai.system", "strands-agents", SCOPE), ("gen_ai.provider.name", "strands-agents", SCOPE)],
    ..Convention::NONE
};
