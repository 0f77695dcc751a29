//! Which tool at work answers which call of a model.

use crate::message::{Message, Part, ToolCall};
use crate::model::{Json, Span};
use std::collections::HashMap;

/// The calls of tools that were told.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The tool of each call that has an id.
    tools: HashMap<String, String>,
    /// The calls of each tool that was not seen at work yet, in their order.
    open: HashMap<String, Vec<ToolCall>>,
}

impl Calls {
    /// Remembers the calls of a message.
    pub(super) fn add(&mut self, message: &Message) {
        for part in &message.parts {
            let Part::ToolCall(call) = part else { continue };
            let is_known =
                call.id.as_ref().is_some_and(|id| self.tools.insert(id.clone(), call.name.clone()).is_some());
            if !is_known {
                self.open.entry(call.name.clone()).or_default().push(call.clone());
            }
        }
    }

    /// Names the tools whose answers a message tells.
    pub(super) fn name_results(&self, message: &mut Message) {
        for part in &mut message.parts {
            if let Part::ToolResult(result) = part
                && result.name.is_none()
            {
                result.name = result.id.as_ref().and_then(|id| self.tools.get(id)).cloned();
            }
        }
    }

    /// The id of the call that a tool at work answers: the first one of its name with the same arguments that was not
    /// answered.
    pub(super) fn answered_by(&mut self, span: &Span) -> Option<String> {
        let inputs = span.payload.as_ref()?.inputs()?;
        // OpenInference puts the arguments below a key of their own.
        let inputs = inputs.member("arguments").unwrap_or_else(|| inputs.clone());
        names(&span.name).into_iter().find_map(|name| {
            let open = self.open.get_mut(name)?;
            let at = open.iter().position(|call| same(&call.arguments, &inputs))?;
            open.remove(at).id
        })
    }
}

/// What a tool may be called whose span has this name: `get_weather`, `get_weather_2` (up to 3.5), `tool.get_weather`,
/// `execute_tool get_weather`.
fn names(span: &str) -> [&str; 2] {
    let bare = span.strip_prefix("tool.").or_else(|| span.strip_prefix("execute_tool ")).unwrap_or(span);
    [bare, super::stem(bare)]
}

/// Whether two objects have the same members, in whatever order.
fn same(a: &Json, b: &Json) -> bool {
    let sorted = |json: &Json| {
        let mut members = json.members()?;
        members.sort_by(|(a, _), (b, _)| a.cmp(b));
        Some(members)
    };
    a == b || (sorted(a).is_some() && sorted(a) == sorted(b))
}
