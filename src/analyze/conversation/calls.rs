//! Which tool at work answers which call of a model.

use crate::message::{Message, Part};
use crate::model::Span;
use crate::reading::identity::canonical;
use crate::reading::stem;
use std::collections::{HashMap, HashSet, VecDeque};

/// The calls of tools that were told.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The tool of the latest call with an id: some servers count anew for each answer.
    tools: HashMap<String, String>,
    /// The calls that no tool was seen at work for yet, by tool and arguments, in their order.
    open: HashMap<(String, String), VecDeque<Open>>,
    /// How many were told.
    count: usize,
    /// Those that were told: where all is told, calls are told again with the history.
    known: HashSet<(String, String, String)>,
}

/// A call that no tool was seen at work for yet.
#[derive(Debug)]
struct Open {
    /// Its place among all that were told.
    at: usize,
    id: Option<String>,
}

impl Calls {
    /// Remembers the calls of a message.
    pub(super) fn add(&mut self, message: &Message) {
        for part in &message.parts {
            let Part::ToolCall(call) = part else { continue };
            let arguments = canonical(&call.arguments);
            if let Some(id) = &call.id {
                self.tools.insert(id.clone(), call.name.clone());
                if !self.known.insert((id.clone(), call.name.clone(), arguments.clone())) {
                    continue;
                }
            }
            self.count += 1;
            let open = Open { at: self.count, id: call.id.clone() };
            self.open.entry((call.name.clone(), arguments)).or_default().push_back(open);
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

    /// The id of the call that a tool at work answers: the recorded one, else that of the first call of its name with the
    /// same arguments that was not answered. Where no arguments were recorded, the first one of its name.
    pub(super) fn answered_by(&mut self, span: &Span) -> Option<String> {
        let payload = span.payload.as_ref()?;
        let attribute = |key: &str| payload.attribute(key)?.as_string();
        if let Some(id) = attribute("gen_ai.tool.call.id") {
            for calls in self.open.values_mut() {
                calls.retain(|call| call.id.as_ref() != Some(&id));
            }
            return Some(id);
        }
        let tool = attribute("gen_ai.tool.name");
        let names = tool.as_deref().into_iter().chain(names(&span.name));
        let Some(inputs) = payload.inputs() else {
            let first = |name: &str| {
                let of_name = self.open.iter().filter(|((tool, _), calls)| tool == name && !calls.is_empty());
                of_name.min_by_key(|(_, calls)| calls.front().map(|call| call.at)).map(|(key, _)| key.clone())
            };
            let key = names.into_iter().find_map(first)?;
            return self.open.get_mut(&key)?.pop_front()?.id;
        };
        // OpenInference puts the arguments below a key of their own.
        let arguments = canonical(&inputs.member("arguments").unwrap_or_else(|| inputs.clone()));
        let mut names = names.map(|name| (name.to_owned(), arguments.clone()));
        names.find_map(|key| self.open.get_mut(&key)?.pop_front())?.id
    }
}

/// What a tool may be called whose span has this name: `get_weather`, `get_weather_2` (up to 3.5), `tool.get_weather`,
/// `execute_tool get_weather`.
fn names(span: &str) -> [&str; 2] {
    let bare = span.strip_prefix("tool.").or_else(|| span.strip_prefix("execute_tool ")).unwrap_or(span);
    [bare, stem(bare)]
}
