//! LlamaIndex: MLflow gives the methods of a model its type, by the class (3.18 `llama_index/tracer.py`).

use super::convention::Convention;

/// Puts a request together (llama-index-core 0.14 `llms/function_calling.py`).
pub(super) const CONVENTION: Convention = Convention { no_calls: &["._prepare_chat_with_tools"], ..Convention::NONE };
