//! Packs what is compiled in: the sample store and the table of prices are 0.7 MB, and 0.1 MB packed.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What is packed, from the folder of the project.
const PACKED: [&str; 2] = ["fixtures/stores/3.18.0-sqlite/mlflow.db", "src/analyze/prices/table.tsv"];

fn main() -> io::Result<()> {
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo names no folder for output"))?;
    for path in PACKED {
        println!("cargo::rerun-if-changed={path}");
        let name = Path::new(path).file_name().unwrap_or_default();
        let packed = PathBuf::from(&folder).join(name).with_extension("z");
        let mut encoder = ZlibEncoder::new(fs::File::create(packed)?, Compression::best());
        encoder.write_all(&fs::read(path)?)?;
        encoder.finish()?;
    }
    Ok(())
}
