//! Keys with text, as tags and metadata are: dozens for each of a hundred thousand traces, so all of them share one buffer.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// A sorted map from text to text in two allocations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    text: String,
    /// Where each key begins, where its value begins, and where that ends; in the order of the keys.
    places: Vec<[usize; 3]>,
}

impl Labels {
    /// An empty map with room for so many bytes of text.
    #[must_use]
    pub fn with_room(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), places: Vec::with_capacity(16) }
    }

    /// The text of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.find(key).ok().map(|at| self.pair(at).1)
    }

    /// Adds a key, unless it is there already.
    pub fn add(&mut self, key: &str, value: &str) {
        if let Err(at) = self.find(key) {
            let start = self.text.len();
            self.text.reserve(key.len() + value.len());
            self.text.push_str(key);
            self.text.push_str(value);
            self.places.insert(at, [start, start + key.len(), self.text.len()]);
        }
    }

    /// All keys with their texts, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        (0..self.places.len()).map(|at| self.pair(at))
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.places.binary_search_by(|[start, value, _]| self.text[*start..*value].cmp(key))
    }

    fn pair(&self, at: usize) -> (&str, &str) {
        let [start, value, end] = self.places[at];
        (&self.text[start..value], &self.text[value..end])
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.places.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
