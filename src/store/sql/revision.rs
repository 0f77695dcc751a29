//! The MLflow release of a database, for display only: queries depend on the columns that exist.

use crate::model::Revision;

/// The schema revision of each release (`store/db_migrations/versions` of MLflow 2.13 to 3.18).
const HEADS: [(&str, &str); 21] = [
    ("5b0e9adcef9c", "2.13 and 2.14"),
    ("4465047574b1", "2.15 and 2.16"),
    ("f5a4f2784254", "2.17"),
    ("0584bdc529eb", "2.18 to 2.22"),
    ("6953534de441", "3.0.0 and 3.1.0"),
    ("bda7b8c39065", "3.0.1 and 3.1.4"),
    ("770bee3ae1dd", "3.2"),
    ("1a0cddfcaa16", "3.3"),
    ("71994744cf8e", "3.4"),
    ("bf29a5ff90ea", "3.5 to 3.7"),
    ("1bd49d398cd23", "3.8"),
    ("d3e4f5a6b7c8", "3.9"),
    ("1b5f0d9ad7c1", "3.10"),
    ("c3d6457b6d8a", "3.11"),
    ("7d34483879f0", "3.12"),
    ("da6fb0208061", "3.13"),
    ("b7e4c1a90f23", "3.14"),
    ("6f8d9c3b2a1e", "3.15"),
    ("b7e2c1a4d9f3", "3.16"),
    ("dc11669786a5", "3.17"),
    ("f4a9b2c7d1e6", "3.18"),
];

/// Returns a schema revision, with the releases that have it.
pub(in crate::store) fn revision(id: String) -> Revision {
    let releases = HEADS.iter().find(|(head, _)| *head == id).map(|(_, releases)| *releases);
    Revision { id, releases }
}
