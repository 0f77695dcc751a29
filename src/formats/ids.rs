//! Span and trace ids: hex, `0x` hex (2.13 – 2.20) and base64 (3.0 on), all converted to lowercase hex.

use crate::model::SpanId;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Parses a span id in any encoding; `None` for an empty text. An unknown encoding is returned as it is.
pub(super) fn span_id(text: &str) -> Option<SpanId> {
    if text.is_empty() {
        return None;
    }
    // Almost all ids are base64 since 3.0.
    let mut bytes = [0; 9];
    if text.ends_with('=') && STANDARD.decode_slice(text, &mut bytes).is_ok_and(|count| count == 8) {
        let digits: [u8; 16] = std::array::from_fn(|at| HEX[usize::from(bytes[at / 2] >> (4 - at % 2 * 4) & 0xf)]);
        return std::str::from_utf8(&digits).ok().map(SpanId::new);
    }
    Some(SpanId::new(hex(text, 8).unwrap_or_else(|| text.to_owned())))
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Parses an OpenTelemetry trace id in any encoding to 32 hex digits.
pub(super) fn trace_id(text: &str) -> Option<String> {
    hex(text, 16)
}

/// Converts an id of `bytes` bytes to lowercase hex, from hex with or without `0x`, or from base64. The length decides:
/// one base64 span id in 4,096 begins with `0x`, and every bare hex trace id is also valid base64.
fn hex(text: &str, bytes: usize) -> Option<String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hex && digits.len() == bytes * 2 {
        return Some(digits.to_ascii_lowercase());
    }
    if is_hex && digits.len() < text.len() && digits.len() < bytes * 2 {
        // Ids with `0x` are written without leading zeros.
        return Some(format!("{:0>width$}", digits.to_ascii_lowercase(), width = bytes * 2));
    }
    // The longest id has 16 bytes, but the decoder needs room for 18: it counts two bytes of padding.
    let mut decoded = [0; 18];
    let count = STANDARD.decode_slice(text, &mut decoded).ok()?;
    (count == bytes).then(|| to_hex(&decoded[..bytes]))
}

/// Bytes as lowercase hex.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        hex.push(char::from(HEX[usize::from(byte >> 4)]));
        hex.push(char::from(HEX[usize::from(byte & 0xf)]));
    }
    hex
}
