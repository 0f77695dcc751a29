use super::*;
use crate::formats::SpanDetail;
use crate::model::SpanId;
use crate::tests::{SpanSpec, trace_of};

fn usage(text: &str) -> TokenUsage {
    TokenUsage::from_json(&Json::from_strict(text).unwrap()).unwrap()
}

fn cost(price: &Price, text: &str) -> (f64, f64) {
    let cost = price.cost(&usage(text));
    (cost.input_cost.unwrap(), cost.output_cost.unwrap())
}

fn near((a, b): (f64, f64), (c, d): (f64, f64)) {
    assert!((a - c).abs() < 1e-12 && (b - d).abs() < 1e-12, "({a}, {b}) is not ({c}, {d})");
}

#[test]
fn the_table_is_sorted_and_complete() {
    let names: Vec<(&str, &str)> = table_lines()
        .map(|line| {
            let mut cells = line.split('\t');
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect();
    assert!(names.len() > 4_000 && names.is_sorted() && names.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(table_lines().all(|line| line.split('\t').count() == 9));
    // The binary search finds the first, the last, and one in between.
    for (model, provider) in [names[0], names[1_234], *names.last().unwrap()] {
        assert!(table_entries(model).any(|price| price.provider.as_deref() == Some(provider)), "{model}");
    }
    assert_eq!(
        table_entries("no such model").count() + table_entries("").count() + table_entries("\u{10ffff}").count(),
        0
    );
    assert!(table_source().contains("MLflow 3.18.0"));
}

#[test]
fn the_price_is_found_as_mlflow_finds_it() {
    let prices = Prices::default();
    let check = |model: &str, provider: Option<&str>, expected: Option<&str>| {
        let found = prices.find(model, provider);
        assert_eq!(found.as_ref().and_then(|price| price.provider.as_deref()), expected, "{model} {provider:?}");
    };
    check("gpt-4o-mini", Some("OpenAI"), Some("openai"));
    check("gpt-4o-mini", None, Some("azure"));
    check("openai/gpt-4o-mini", Some("openai"), Some("openai"));
    check("gpt-4o-mini", Some("unknown"), Some("azure"));
    // Listed without a price: MLflow records 0 then.
    check("gpt-4o-mini", Some("github_copilot"), None);
    check("qwen-plus-latest", None, None);
    check("no-such-model", None, None);
    check("gateway:/gpt-4o-mini", None, None);
    check("databricks-claude-sonnet-4-5", Some("anthropic"), Some("databricks"));
}

#[test]
fn tokens_of_the_cache_have_prices_of_their_own() {
    let sonnet = Prices::default().find("claude-sonnet-4-5", Some("anthropic")).unwrap();
    let rates = sonnet.rates;
    assert_eq!(
        (rates.input, rates.cache_read, rates.cache_write, rates.cache_write_1hr, rates.output),
        (Some(3.0), Some(0.3), Some(3.75), Some(6.0), Some(15.0))
    );
    let text = r#"{"input_tokens":1000,"output_tokens":10,"cache_read_input_tokens":500,"cache_creation_input_tokens":300,
        "cache_creation_input_tokens_above_1hr":100}"#;
    near(cost(&sonnet, text), ((200.0 * 3.0 + 500.0 * 0.3 + 200.0 * 3.75 + 100.0 * 6.0) / 1e6, 150.0 / 1e6));
    // More cached tokens than input tokens: no negative cost.
    near(cost(&sonnet, r#"{"input_tokens":1,"cache_read_input_tokens":10}"#), (3e-6, 0.0));
    let plain = Price { rates: Rates { input: Some(1.0), ..Rates::default() }, ..sonnet };
    near(
        cost(
            &plain,
            r#"{"input_tokens":10,"output_tokens":5,"cache_read_input_tokens":4,"cache_creation_input_tokens":2}"#,
        ),
        (1e-5, 0.0),
    );
}

#[test]
fn long_requests_have_prices_of_their_own() {
    let flash = Price::from_line("m\tp\t1\t2\t0.5\t\t\t1000:10,,5,,;5000:20,40,,,\t2026-01-01");
    near(cost(&flash, r#"{"input_tokens":1000,"output_tokens":1}"#), (1000e-6, 2e-6));
    near(cost(&flash, r#"{"input_tokens":1001,"output_tokens":1,"cache_read_input_tokens":1}"#), (10_005e-6, 2e-6));
    near(
        cost(&flash, r#"{"input_tokens":6000,"output_tokens":1,"cache_read_input_tokens":1000}"#),
        (100_500e-6, 40e-6),
    );
    assert_eq!(flash.updated.as_deref(), Some("2026-01-01"));
}

#[test]
fn prices_from_a_file_go_first() {
    let file = |text: &str| Prices::with_file(&Json::from_strict(text).unwrap());
    let input = |prices: &Prices, model: &str, provider: Option<&str>| {
        prices.find(model, provider).and_then(|price| price.rates.input)
    };
    let catalog =
        file(r#"{"schema_version":"1","models":{"gpt-4o-mini":{"pricing":{"input_per_million_tokens":7}},"none":{}}}"#)
            .unwrap();
    assert_eq!(input(&catalog, "gpt-4o-mini", Some("openai")), Some(7.0));
    assert_eq!(input(&catalog, "none", None), None);
    assert_eq!(input(&catalog, "gpt-4o", Some("openai")), Some(2.5), "models that the file lacks come from the table");
    let listed = file(
        r#"{"prices":[{"model":"m","provider":"azure","input_per_million_tokens":0,"output_per_million_tokens":3}]}"#,
    )
    .unwrap();
    assert_eq!(input(&listed, "m", Some("Azure")), Some(0.0));
    assert_eq!(input(&listed, "m", Some("openai")), None);
    assert_eq!(input(&listed, "m", None), Some(0.0));
    // The output of the program can be read back, including entries without a price.
    let printed = file(
        r#"{"prices":[{"model":"m","provider":"A","input_per_million_tokens":null,"output_per_million_tokens":null},
            {"model":"m","provider":"b","input_per_million_tokens":1,"output_per_million_tokens":2,"long_context":[]}]}"#,
    )
    .unwrap();
    assert_eq!((input(&printed, "m", Some("a")), input(&printed, "m", Some("b"))), (None, Some(1.0)));
    for (text, message) in [
        ("{}", "expected a key `prices` or `models`"),
        ("[1]", "expected a key `prices` or `models`"),
        (r#"{"prices":[{"input_per_million_tokens":1}]}"#, "has no `model`"),
        (r#"{"prices":[{"model":"m","input":1}]}"#, "has neither `input_per_million_tokens`"),
        (
            r#"{"prices":[{"model":"m","output_per_million_tokens":"1,50"}]}"#,
            r#"`m`: `output_per_million_tokens`: invalid price "1,50", expected a number of at least 0"#,
        ),
        (r#"{"prices":[{"model":"m","input_per_million_tokens":-1}]}"#, "invalid price -1"),
        (
            r#"{"prices":[{"model":"m","input_per_million_tokens":1,"long_context":"x"}]}"#,
            "`long_context` must be a list",
        ),
        (r#"{"prices":[{"model":"m","input_per_million_tokens":1,"long_context":[{"above":1}]}]}"#, "threshold_tokens"),
        (
            r#"{"prices":[{"model":"m","input_per_million_tokens":1},{"model":"m","input_per_million_tokens":2}]}"#,
            "duplicate price for `m`",
        ),
    ] {
        assert!(file(text).unwrap_err().contains(message), "{text}");
    }
}

/// Builds a span of a type, with more attributes.
fn span(kind: &str, attributes: &str) -> Span {
    SpanSpec { attributes, ..SpanSpec::new("a", "", kind) }.build(SpanDetail::Calls)
}

#[test]
fn recorded_costs_stay_and_others_are_calculated() {
    const TOKENS: &str =
        r#""mlflow.chat.tokenUsage":"{\"input_tokens\": 100, \"output_tokens\": 10, \"total_tokens\": 110}""#;
    let filled = |kind: &str, attributes: &str| {
        let mut trace = trace_of(vec![span(kind, attributes)]);
        Prices::default().fill_costs(&mut trace);
        trace.span_list()[0].cost.map(|cost| (cost.total_cost.unwrap(), cost.source))
    };
    let with = |model: &str, cost: &str| {
        let cost =
            if cost.is_empty() { String::new() } else { format!(r#","mlflow.llm.cost":"{{\"total_cost\": {cost}}}""#) };
        format!(r#"{TOKENS},"mlflow.llm.model":"\"{model}\""{cost}"#)
    };
    assert_eq!(filled("LLM", &with("gpt-4o-mini", "")), Some((100.0 * 0.15e-6 + 10.0 * 0.6e-6, "calculated")));
    assert_eq!(filled("LLM", &with("gpt-4o-mini", "0.5")), Some((0.5, "recorded")));
    // That release of MLflow knew no price.
    assert_eq!(filled("LLM", &with("gpt-4o-mini", "0.0")), Some((100.0 * 0.15e-6 + 10.0 * 0.6e-6, "calculated")));
    assert_eq!(filled("LLM", &with("qwen-plus-latest", "0.0")), None);
    assert_eq!(filled("LLM", &with("qwen-plus-latest", "")), None);
    // The tokens of an agent are the sum of its calls.
    assert_eq!(filled("AGENT", &with("gpt-4o-mini", "")), None);
    assert_eq!(filled("LLM", TOKENS), None);
    assert_eq!(filled("LLM", r#""mlflow.llm.model":"\"gpt-4o-mini\"""#), None);
    let free = table_lines().map(Price::from_line).find(|price| {
        price.rates.input == Some(0.0) && price.rates.output == Some(0.0) && table_entries(&price.model).count() == 1
    });
    let free = free.unwrap().model;
    assert_eq!(filled("LLM", &with(&free, "0.0")), Some((0.0, "recorded")), "{free} is free");
}

/// A stream of the provider's client reports no tokens unless requested, but the wrapper counts them.
#[test]
fn a_call_is_priced_by_the_model_of_any_of_its_spans() {
    const TOKENS: &str =
        r#""mlflow.chat.tokenUsage":"{\"input_tokens\": 100, \"output_tokens\": 10, \"total_tokens\": 110}""#;
    let wrapper = span("LLM", TOKENS);
    let mut provider = span("CHAT_MODEL", r#""mlflow.llm.model":"\"gpt-4o-mini\"""#);
    (provider.id, provider.parent) = (SpanId::new("b"), Some(SpanId::new("a")));
    let mut trace = trace_of(vec![wrapper, provider]);
    Prices::default().fill_costs(&mut trace);
    let usage = reading::trace_usage(&trace);
    let costs: Vec<Option<f64>> = usage.rows.iter().map(|row| row.cost.and_then(|cost| cost.total_cost)).collect();
    assert_eq!(costs, [Some(100.0 * 0.15e-6 + 10.0 * 0.6e-6)]);
    assert_eq!(usage.cost.and_then(|cost| cost.total_cost), costs[0]);
}
