//! `cargo xtask tidy`: prints what [`xtask::tidy`] finds.

/// Prints every finding; fails if there is one.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    crate::no_arguments(arguments)?;
    let findings = xtask::tidy::check(&crate::root());
    for finding in &findings {
        println!("{finding}");
    }
    anyhow::ensure!(findings.is_empty(), "{} finding(s), listed above", findings.len());
    println!("   the tree is tidy");
    Ok(())
}
