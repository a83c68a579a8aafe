//! The names of bundles, gateways and pipelines: a base and a number of at least two digits.

use std::collections::BTreeSet;

/// `retail` for the first bundle of a project, `retail_b02` for the second.
#[must_use]
pub fn bundle(project: &str, number: u32) -> String {
    if number == 1 { project.to_owned() } else { format!("{project}_b{number:02}") }
}

/// Which bundle of a project this is.
#[must_use]
pub fn bundle_number(project: &str, name: &str) -> Option<u32> {
    if name == project { Some(1) } else { numbered(project, "_b", name).filter(|number| *number > 1) }
}

/// Which of these projects a bundle belongs to: the one of that very name goes first.
pub fn project<'a>(projects: &BTreeSet<&'a str>, bundle: &str) -> Option<&'a str> {
    let first = projects.get(bundle).copied();
    let numbered = || {
        let project = projects.get(bundle.rsplit_once("_b")?.0).copied()?;
        bundle_number(project, bundle).map(|_| project)
    };
    first.or_else(numbered)
}

/// `sales_01_g02`.
pub(super) fn gateway(group: &str, number: u32) -> String {
    format!("{group}_g{number:02}")
}

/// Which gateway of a group this is.
pub(super) fn gateway_number(group: &str, name: &str) -> Option<u32> {
    numbered(group, "_g", name)
}

/// `sales_01_g02_p01`, or `sales_01_p01` where the base is a group.
pub(super) fn pipeline(base: &str, number: u32) -> String {
    format!("{base}_p{number:02}")
}

/// Which pipeline of a gateway, or of a group without gateways, this is.
pub(super) fn pipeline_number(base: &str, name: &str) -> Option<u32> {
    numbered(base, "_p", name)
}

/// The number of a name that is exactly as the functions above make it.
fn numbered(base: &str, letter: &str, name: &str) -> Option<u32> {
    let digits = name.strip_prefix(base)?.strip_prefix(letter)?;
    let number: u32 = digits.parse().ok()?;
    (number > 0 && format!("{number:02}") == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_as_we_make_them_have_a_number() {
        assert_eq!(pipeline_number("a_01_g01", &pipeline("a_01_g01", 7)), Some(7));
        assert_eq!(pipeline_number("a_01", "a_01_p100"), Some(100));
        for stranger in
            ["a_01_p1", "a_01_p001", "a_01_p00", "a_01_p+1", "a_01_p01x", "a_01_g01_p01", "b_01_p01"]
        {
            assert_eq!(pipeline_number("a_01", stranger), None, "{stranger}");
        }
        assert_eq!(bundle_number("retail", "retail"), Some(1));
        assert_eq!(bundle_number("retail", &bundle("retail", 2)), Some(2));
        assert_eq!(bundle_number("retail", "retail_b01"), None);
        assert_eq!(bundle("retail", 1), "retail");
        assert_eq!(gateway_number("a_01", &gateway("a_01", 3)), Some(3));
    }

    #[test]
    fn a_bundle_belongs_to_the_project_of_its_name_else_to_the_one_it_is_numbered_for() {
        let projects = BTreeSet::from(["retail", "retail_b03", "a_b"]);
        for (bundle, expected) in [
            ("retail", Some("retail")),
            ("retail_b02", Some("retail")),
            ("retail_b03", Some("retail_b03")),
            ("a_b_b12", Some("a_b")),
            ("retail_b01", None),
            ("retail_b", None),
            ("shop_b02", None),
        ] {
            assert_eq!(project(&projects, bundle), expected, "{bundle}");
        }
    }
}
