"""What each Lambda asks of AWS, read from the code: from its handler through the steps and ports to boto3's operations.

It reads too much rather than too little: a call that a function could reach counts, whatever the event.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import botocore
import botocore.session

from terraform.tools.actions import needed

ROOT = Path(__file__).parents[2]
PORTS = ("ports", "_ports")
WIRING = "orchestration.wiring"
# How wiring.py names the tables.
TABLES = {"builds": "builds-table", "builds_table": "builds-table", "state": "state-table"}


@dataclass(frozen=True)
class Operation:
    """One boto3 call. port: who makes it. table: of a DynamoDB call. index: whether it names one."""

    port: str
    service: str
    name: str
    table: str = ""
    index: bool = False
    tagged: bool = False


@dataclass
class Module:
    """A parsed module: its definitions by name, and what its imported names stand for."""

    name: str
    definitions: dict[str, ast.AST] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Adapter:
    """The class behind a port, and the table that it was given."""

    module: str
    name: str
    table: str


@cache
def module(name: str) -> Module | None:
    """The module of that name, or None when it is not ours."""
    path = ROOT.joinpath(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.is_file():
        return None
    found = Module(name)
    for node in ast.walk(tree := ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.imports |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.definitions[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.definitions |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    return found


@cache
def adapters() -> dict[str, Adapter]:
    """Port to adapter, from `wiring.make_ports` and `wiring.function_ports`."""
    wiring = module(WIRING)
    assert wiring is not None
    found = {}
    for function in ("make_ports", "function_ports"):
        for call in ast.walk(wiring.definitions[function]):
            if not isinstance(call, ast.Call):
                continue
            named = [(keyword.arg or "", keyword.value) for keyword in call.keywords]
            named += [("people", argument) for argument in call.args]  # function_ports gives them by position
            for port, value in named:
                if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
                    name = value.func.id
                    if name in wiring.imports and name.endswith(port.replace("_", "").title()):
                        found[port] = Adapter(wiring.imports[name][0], name, _table(value))
    return found


def _table(call: ast.Call) -> str:
    names = [node.id for node in ast.walk(call) if isinstance(node, ast.Name)]
    names += [node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)]
    return next((TABLES[name] for name in names if name in TABLES), "")


class Reach:
    """Everything that can be reached from one definition."""

    def __init__(self, port: str = "", table: str = "") -> None:
        self.port, self.table = port, table
        self.operations: set[Operation] = set()
        self.ports: set[tuple[str, str]] = set()
        self.passed: set[str] = set()  # ports that are handed on by themselves
        self._seen: set[tuple[str, str]] = set()
        self._services: set[tuple[str, str]] = set()  # of getattr(client, <name or field>): service and field
        self._texts: set[tuple[str, str]] = set()  # text constants, with the field that they fill
        self._kinds: set[str] = set()  # what a DynamoDB transaction does

    def function(self, where: Module, name: str) -> None:
        """A module's function, class or constant."""
        if (where.name, name) in self._seen or name not in where.definitions:
            return
        self._seen.add((where.name, name))
        node = where.definitions[name]
        if isinstance(node, ast.ClassDef) and self.port:
            return  # of an adapter, methods are reached by name
        self._walk(node, where, node if isinstance(node, ast.ClassDef) else None)

    def method(self, where: Module, cls: str, name: str) -> None:
        """A method of a class of that module, or of its bases."""
        definition = where.definitions.get(cls)
        if (where.name, f"{cls}.{name}") in self._seen or not isinstance(definition, ast.ClassDef):
            return
        self._seen.add((where.name, f"{cls}.{name}"))
        for node in definition.body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                self._walk(node, where, definition)
                return
        for base in definition.bases:
            if isinstance(base, ast.Name):
                found = _resolve(where, base.id)
                if found is not None:
                    self.method(*found, name)

    def finished(self) -> set[Operation]:
        """The operations, with those whose name was given as text and those inside transactions."""
        for service, wanted in self._services:
            known = known_operations(service)
            for label, text in self._texts:
                if text in known and wanted in ("", label):
                    self.operations.add(Operation(self.port, service, text, self.table))
        for one in [one for one in self.operations if one.name == "transact_write_items"]:
            self.operations.remove(one)
            kinds = {f"{kind.lower()}_item" for kind in self._kinds}
            self.operations |= {Operation(self.port, "dynamodb", kind, self.table) for kind in kinds}
        return self.operations

    def _walk(self, root: ast.AST, where: Module, cls: ast.ClassDef | None) -> None:
        clients: dict[str, str] = {}
        for node in _nodes(root):
            if isinstance(node, ast.Assign) and (service := _service(node.value, {})):
                clients |= {target.id: service for target in node.targets if isinstance(target, ast.Name)}
        for node in _nodes(root):
            if isinstance(node, ast.Call):
                self._call(node, clients, where)
            elif isinstance(node, ast.Attribute):
                self._attribute(node, where, cls)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                self._name(node.id, where)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._texts.add(("", node.value))
            elif isinstance(node, ast.Dict):
                self._kinds |= {
                    key.value
                    for key in node.keys
                    if isinstance(key, ast.Constant) and key.value in ("Put", "Update", "Delete", "ConditionCheck")
                }

    def asked(self) -> Iterator[tuple[str, str]]:
        """Port and method. Of a port that was handed on and not seen again, every method."""
        yield from sorted(self.ports)
        for port in sorted(self.passed - {port for port, _ in self.ports}):
            yield from ((port, method) for method in methods(port))

    def _call(self, call: ast.Call, clients: dict[str, str], where: Module) -> None:
        if isinstance(call.func, ast.Attribute) and (service := _service(call.func.value, clients)):
            keywords = {keyword.arg for keyword in call.keywords}
            self.operations.add(
                Operation(self.port, service, call.func.attr, self.table, "IndexName" in keywords, "Tags" in keywords)
            )
        if isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) == 2:
            if service := _service(call.args[0], clients):
                wanted = call.args[1].attr if isinstance(call.args[1], ast.Attribute) else ""
                self._services.add((service, wanted))
        if isinstance(call.func, ast.Name):
            fields = _fields(where, call.func.id)
            for name, argument in zip(fields, call.args, strict=False):
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    self._texts.add((name, argument.value))

    def _attribute(self, node: ast.Attribute, where: Module, cls: ast.ClassDef | None) -> None:
        value = node.value
        if isinstance(value, ast.Attribute) and _ends_with(value.value, PORTS):
            self.ports.add((value.attr, node.attr))
        elif isinstance(value, ast.Name) and value.id not in where.imports and not self.port and value.id in adapters():
            self.ports.add((value.id, node.attr))  # a parameter that is named as the port is
        elif _ends_with(value, PORTS) and node.attr in adapters():
            self.passed.add(node.attr)
        elif _ends_with(value, PORTS) and node.attr == "models":
            self.ports.add(("settings", "load"))
        elif isinstance(value, ast.Name) and value.id == "self" and cls is not None:
            self.method(where, cls.name, node.attr)
        elif isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and cls is not None:
            made = _made(cls, value.attr)
            if made and (found := _resolve(where, made)):
                self.method(*found, node.attr)
        elif isinstance(value, ast.Name) and value.id in where.imports:
            source, name = where.imports[value.id]
            if (other := module(f"{source}.{name}")) is not None:
                self.function(other, node.attr)

    def _name(self, name: str, where: Module) -> None:
        found = _resolve(where, name)
        if found is not None:
            self.function(*found)


def _nodes(root: ast.AST) -> Iterator[ast.AST]:
    """What runs: all nodes but annotations."""
    yield root
    for name, value in ast.iter_fields(root):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _nodes(child)


def _resolve(where: Module, name: str) -> tuple[Module, str] | None:
    """The module and name that a name stands for there; None when it is not ours."""
    if name in where.definitions:
        return where, name
    if name in where.imports:
        source, original = where.imports[name]
        other = module(source)
        if other is not None and original in other.imports:
            return _resolve(other, original)
        return (other, original) if other is not None else None
    return None


def _service(node: ast.AST, clients: dict[str, str]) -> str:
    """The service of an expression that is a client: `clients("s3")`, `self._clients("s3")`, or a name bound to one."""
    if isinstance(node, ast.Name):
        return clients.get(node.id, "")
    if isinstance(node, ast.Call) and _ends_with(node.func, ("clients", "_clients")) and len(node.args) == 1:
        argument = node.args[0]
        return str(argument.value) if isinstance(argument, ast.Constant) else ""
    return ""


def _ends_with(node: ast.AST, names: tuple[str, ...]) -> bool:
    return (isinstance(node, ast.Name) and node.id in names) or (isinstance(node, ast.Attribute) and node.attr in names)


def _made(cls: ast.ClassDef, attribute: str) -> str:
    """The class that `self.<attribute>` is made of in that class."""
    for node in ast.walk(cls):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr == attribute:
                    return node.value.func.id
    return ""


def _fields(where: Module, name: str) -> list[str]:
    """The fields of a dataclass, in order."""
    found = _resolve(where, name)
    definition = found[0].definitions.get(found[1]) if found else None
    if not isinstance(definition, ast.ClassDef):
        return []
    return [n.target.id for n in definition.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]


@cache
def known_operations(service: str) -> frozenset[str]:
    """The methods of boto3's client of that service."""
    model = botocore.session.get_session().get_service_model(service)
    return frozenset(botocore.xform_name(name) for name in model.operation_names)


@cache
def operations(handler: str) -> set[Operation]:
    """Every operation that the handler can reach."""
    source, _, name = handler.rpartition(".")
    where = module(source)
    assert where is not None, source
    reach = Reach()
    reach.function(where, name)
    found: set[Operation] = set()
    for port, method in reach.asked():
        if port in adapters():
            found |= of_port(port, method)
    return found


def methods(port: str) -> list[str]:
    """The public methods of a port's adapter."""
    adapter = adapters()[port]
    where = module(adapter.module)
    definition = where.definitions[adapter.name] if where else None
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    return [node.name for node in body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


@cache
def of_port(port: str, method: str) -> frozenset[Operation]:
    """The operations of one method of a port's adapter."""
    adapter = adapters()[port]
    where = module(adapter.module)
    assert where is not None
    reach = Reach(port, adapter.table)
    reach.method(where, adapter.name, method)
    return frozenset(reach.finished())


def permissions(handler: str) -> dict[str, list[str]]:
    """Logical resource to actions, both sorted."""
    found: dict[str, set[str]] = {}
    for operation in operations(handler):
        for resource, action in needed(operation):
            found.setdefault(resource, set()).add(action)
    return {resource: sorted(actions) for resource, actions in sorted(found.items())}
