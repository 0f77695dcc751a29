//! Shared by all property tests.

use proptest::test_runner::{Config, RngSeed};

/// Configuration of all property tests: a fixed seed, so that runs are reproducible, and no regression files. A failure
/// found with another seed should become a named case of the test.
///
/// To search at random, use proptest's own variables: `PROPTEST_RNG_SEED=$RANDOM PROPTEST_CASES=10000 cargo test`.
pub(crate) fn fixed_seed_config() -> Config {
    let config = Config::default();
    let rng_seed = match config.rng_seed {
        RngSeed::Random => RngSeed::Fixed(0),
        given @ RngSeed::Fixed(_) => given,
    };
    Config { rng_seed, failure_persistence: None, ..config }
}
