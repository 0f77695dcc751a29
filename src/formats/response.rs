//! Token usage and model name in model responses.

use crate::json::Json;
use crate::model::TokenUsage;

/// Returns the token usage of a response: from its member `usage` (OpenAI, Anthropic, AutoGen, AG2) or `usage_metadata`
/// (Gemini), or from the metadata of its first reply (Haystack).
pub(super) fn usage(outputs: &Json) -> Option<TokenUsage> {
    const KEYS: [&str; 2] = ["usage", "usage_metadata"];
    let direct = KEYS.iter().find_map(|key| parse_usage(&outputs.member(key)?));
    direct.or_else(|| parse_usage(&reply_metadata(outputs)?.member("usage")?))
}

/// Returns the model that a response names.
pub(super) fn model(outputs: &Json) -> Option<String> {
    outputs.member("model").or_else(|| reply_metadata(outputs)?.member("model"))?.as_string()
}

/// The metadata of the first reply (Haystack).
fn reply_metadata(outputs: &Json) -> Option<Json> {
    outputs.member("replies")?.items()?.first()?.member("meta")
}

/// Token count keys of OpenAI Chat Completions; of OpenAI Responses and Anthropic; and of Gemini.
const INPUT: [&str; 3] = ["prompt_tokens", "input_tokens", "prompt_token_count"];
const OUTPUT: [&str; 3] = ["completion_tokens", "output_tokens", "candidates_token_count"];
const TOTAL: [&str; 2] = ["total_tokens", "total_token_count"];
/// OpenAI's objects with parts of the input and of the output.
const INPUT_DETAILS: [&str; 2] = ["prompt_tokens_details", "input_tokens_details"];
const OUTPUT_DETAILS: [&str; 2] = ["completion_tokens_details", "output_tokens_details"];
/// Keys for parts of the input: `cached_prompt_tokens` is CrewAI's, `cached_content_token_count` Gemini's,
/// `cache_read_tokens` PydanticAI's.
const CACHE_READ: [&str; 5] = [
    "cached_tokens",
    "cache_read_input_tokens",
    "cached_prompt_tokens",
    "cached_content_token_count",
    "cache_read_tokens",
];
const CACHE_CREATION: [&str; 3] = ["cache_creation_input_tokens", "cache_creation_tokens", "cache_write_tokens"];
/// Keys for parts of the output: `output_reasoning_tokens` is PydanticAI's, `thoughts_token_count` Gemini's.
const REASONING: [&str; 3] = ["reasoning_tokens", "output_reasoning_tokens", "thoughts_token_count"];

/// Whether a text may have token details other than 0. Searching for the common part of their keys is cheaper than
/// parsing.
pub(super) fn may_have_details(text: &str) -> bool {
    const COMMON: &str = "_token";
    memchr::memmem::find_iter(text.as_bytes(), COMMON).any(|at| {
        let (before, after) = (&text[..at], &text[at + COMMON.len()..]);
        let (end, value) = after.split_at(after.find(['\\', '"']).unwrap_or(after.len()));
        let is_key = |key: &&str| {
            key.strip_suffix(end).and_then(|key| key.strip_suffix(COMMON)).is_some_and(|start| before.ends_with(start))
        };
        value.trim_start_matches(['\\', '"', ':', ' ']).starts_with(|c: char| matches!(c, '1'..='9'))
            && CACHE_READ.iter().chain(&CACHE_CREATION).chain(&REASONING).any(is_key)
    })
}

/// Parses a usage object as MLflow does (`openai/utils/chat_schema.py`, `anthropic/autolog.py`, `gemini/autolog.py`,
/// 3.18): cached tokens are part of the input, and are added to it for Anthropic; reasoning tokens are part of the
/// output, and are added to it for Gemini.
pub(super) fn parse_usage(usage: &Json) -> Option<TokenUsage> {
    let count = |keys: &[&str]| keys.iter().find_map(|key| usage.member(key)?.as_i64());
    let detail = |objects: &[&str], keys: &[&str]| {
        let nested = objects.iter().find_map(|object| {
            let object = usage.member(object)?;
            keys.iter().find_map(|key| object.member(key)?.as_i64())
        });
        nested.or_else(|| count(keys)).filter(|count| *count > 0)
    };
    let (input, output, total) = (count(&INPUT), count(&OUTPUT), count(&TOTAL));
    input.or(output).or(total)?;
    let read = detail(&INPUT_DETAILS, &CACHE_READ);
    let created = detail(&INPUT_DETAILS, &CACHE_CREATION);
    let reasoning = detail(&OUTPUT_DETAILS, &REASONING);
    let is_anthropic = total.is_none() && usage.member("input_tokens").is_some();
    let separate = if is_anthropic { read.unwrap_or(0).saturating_add(created.unwrap_or(0)) } else { 0 };
    let input = input.map(|input| input.saturating_add(separate));
    let thoughts = usage.member("thoughts_token_count").and_then(|count| count.as_i64()).unwrap_or(0);
    let output = output.map(|output| output.saturating_add(thoughts));
    let total = total.or_else(|| Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0))));
    let details = [read, created, None, reasoning];
    Some(TokenUsage { input_tokens: input, output_tokens: output, total_tokens: total, details, other: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_details_are_skipped() {
        for key in CACHE_READ.iter().chain(&CACHE_CREATION).chain(&REASONING) {
            assert!(may_have_details(&format!(r#""{{\"usage\": {{\"{key}\": 12}}}}""#)), "{key}");
            assert!(may_have_details(&format!(r#"{{"usage":{{"{key}":12}}}}"#)), "{key}");
            assert!(!may_have_details(&format!(r#""{{\"usage\": {{\"{key}\": 0}}}}""#)), "{key}");
        }
        assert!(!may_have_details(r#"{"usage":{"prompt_tokens":12,"total_tokens":15}}"#));
        assert!(!may_have_details("cached_token"));
    }
}
