//! Which tool at work answers which call of a model.

use crate::message::{Message, Part};
use crate::model::{Json, Span};
use std::collections::{HashMap, HashSet, VecDeque};

/// The calls of tools that were told.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The tool of the latest call with an id: some servers count anew for each answer.
    tools: HashMap<String, String>,
    /// The calls that no tool was seen at work for yet, by tool and arguments, in their order.
    open: HashMap<(String, String), VecDeque<Option<String>>>,
    /// Those that were told: where all is told, calls are told again with the history.
    known: HashSet<(String, String, String)>,
}

impl Calls {
    /// Remembers the calls of a message.
    pub(super) fn add(&mut self, message: &Message) {
        for part in &message.parts {
            let Part::ToolCall(call) = part else { continue };
            let arguments = sorted(&call.arguments);
            if let Some(id) = &call.id {
                self.tools.insert(id.clone(), call.name.clone());
                if !self.known.insert((id.clone(), call.name.clone(), arguments.clone())) {
                    continue;
                }
            }
            self.open.entry((call.name.clone(), arguments)).or_default().push_back(call.id.clone());
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
        let arguments = sorted(&inputs);
        let open = names(&span.name).into_iter().find_map(|name| {
            let open = self.open.get_mut(&(name.to_owned(), arguments.clone()))?;
            open.pop_front()
        });
        open.flatten()
    }
}

/// What a tool may be called whose span has this name: `get_weather`, `get_weather_2` (up to 3.5), `tool.get_weather`,
/// `execute_tool get_weather`.
fn names(span: &str) -> [&str; 2] {
    let bare = span.strip_prefix("tool.").or_else(|| span.strip_prefix("execute_tool ")).unwrap_or(span);
    [bare, super::stem(bare)]
}

/// The text of an object with its members in the order of their keys.
fn sorted(json: &Json) -> String {
    let Some(mut members) = json.members() else { return json.text().to_owned() };
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    Json::object(&members).text().to_owned()
}
