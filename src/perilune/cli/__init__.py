"""The command line: one module per command, loaded only when it is called.

Exit status of every command: 0 done, 1 a fault of ours, 2 wrong usage, 3 the thing
examined is not right.
"""

import importlib
from keyword import iskeyword

import click

COMMANDS = {
    "init": "Make a node in an empty folder.",
    "serve": "Serve the portal and all interfaces.",
    "validate": "Check labels, data and bundles.",
    "wrap": "Put PDS4 labels around files of GRAS, PDS3 and FITS.",
    "deliver": "Check a delivery, take it in, give a receipt.",
    "release": "Serve what was taken in unreleased, or under embargo.",
    "clear": "Let partners, or everyone, know of products.",
    "rules": "Standing rules: what is cleared by itself.",
    "withdraw": "Take products back: a tombstone stays.",
    "hold": "Block every deletion of a product; lift that again.",
    "erratum": "Publish a correction to a product.",
    "search": "Find products by words, place, time or label.",
    "site": "The dossier of a place: light, slope, coverage.",
    "get": "Take a product out, label and data, verified.",
    "open": "Show what is in a product: tables, arrays, texts.",
    "proof": "Write the evidence that a product is in custody.",
    "verify": "Check a file against its proof, offline.",
    "peer": "The other nodes: trust them, copy from them, compare.",
    "export": "Write what is published onto a disk for a peer.",
    "import": "Take in what a peer's disk brings, or its receipt.",
    "persons": "The persons who sign orders.",
    "orders": "Orders that wait for the signatures of two persons.",
    "keys": "The node's keys: list, replace, sign again.",
    "roster": "Who is trusted, and whose signatures say so.",
    "jobs": "What a served node does by itself.",
    "backup": "Write what does not come back from peers, encrypted.",
    "restore": "Make a node again from its backup and its peers.",
    "acts": "Who ordered what, when and why.",
    "audit": "Read everything back and compare it.",
    "doctor": "Look at the node's health.",
    "schemas": "Add and list pinned schemas.",
    "rebuild": "Make the catalogue again from storage and log.",
    "simulate": "Write a simulated delivery of Luna-26 or Chang'e-7.",
    "demo": "Two nodes on this machine: a joint data centre.",
}
"""Command to its one line of help: known without loading the commands."""


class _Lazy(click.Group):
    """A group whose help needs no command's imports."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"perilune.cli.{name}{'_' * iskeyword(name)}")
        command: click.Command = module.command
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-n", "--node", metavar="DIR|URL", help="The node; else PERILUNE_NODE. Also after the verb."
)
@click.version_option(package_name="perilune")
@click.pass_context
def main(context: click.Context, node: str | None) -> None:
    """Perilune: an agency's node of a joint data centre for lunar and deep-space missions.

    Exit status: 0 done, 1 a fault of ours, 2 wrong usage, 3 the thing examined is not right.
    """
    context.obj = node
