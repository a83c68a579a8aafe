//! 3xx: the workspace against the bundle.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "TW301",
        title: "pipeline name is already used in the workspace",
        explanation: "A pipeline of a name that this bundle would take is there already and is not this bundle's. Names are \
            unique by courtesy only: the deploy stops at it after creating whatever came before, or makes a second pipeline of \
            the same name. Choose another prefix, or rename, delete or take over the other pipeline.",
    },
    Rule {
        id: "TW302",
        title: "job name is already used in the workspace",
        explanation: "A job of a name that this bundle would take is there already and is not this bundle's. Nothing stops two \
            jobs of one name, and nobody can tell them apart afterwards.",
    },
    Rule {
        id: "TW303",
        title: "prefix is used by another bundle",
        explanation: "Names of gateways and pipelines are made of prefix, subgroup and a number. Where another bundle has \
            pipelines of the same prefix and subgroup, the next number of one meets the other's. With another subgroup it is \
            only a warning.",
    },
    Rule {
        id: "TW304",
        title: "left over from a deploy that broke off",
        explanation: "A pipeline or job says that it belongs to this bundle, but the bundle's state does not know it: a deploy \
            was cut off after creating it and before saving its state. The CLI would create it again. \
            `tapworks deploy --recover` takes everything that was left over into the state and goes on; a single one is taken \
            with `databricks bundle deployment bind KEY ID`. On the machine where the deploy was cut off, the CLI finds in its \
            own log under `.databricks/` what it had created, and nothing needs to be recovered.",
    },
    Rule {
        id: "TW305",
        title: "the bundle is deployed under another root",
        explanation: "The same bundle and target is deployed elsewhere in this workspace, by another identity or with another \
            root_path. A deploy under the new root would know nothing of it and create everything a second time. Set the \
            target's root_path to the one that the finding names.",
    },
    Rule {
        id: "TW306",
        title: "another bundle's state lies under this root",
        explanation: "The CLI keeps one state per root_path. A second bundle deployed there finds the first one's resources in \
            the state and none of them in its configuration, and deletes them all.",
    },
    Rule {
        id: "TW307",
        title: "root_path cannot be resolved before the deploy",
        explanation: "tapworks looks at what lies under a bundle's root before it deploys, so it must be able to say where that \
            is: root_path and state_path may refer to ${bundle.name}, ${bundle.target}, ${workspace.current_user.userName} and \
            ${workspace.current_user.short_name}.",
    },
];
