"""Update integers that grow evenly with a loop by adding a step. Addresses are such integers, so
inner loops advance pointers."""

from . import polynomial as poly
from .ir import Loop, Op

LOADS_AT_ONCE = 6  # with 8 sums they fit into 16 registers


def induction(builder, p, symbol, slope):
    """Return a new register that has the value of the Polynomial p in each pass of a loop. `symbol`
    is the loop's variable, and the Polynomial `slope` its factor in p. Emit the first value before
    the loop; `close_loop` emits the addition at the end of each pass."""
    loop = symbol.scope
    first = builder.value(p.replace(symbol, loop.first))
    register = builder.register("a", f"{p}", loop)
    builder.emit("mov", register, first, scope=builder.scopes[loop.depth - 1])
    loop.inductions[register] = slope * poly.number(loop.step)
    return register


def close_loop(builder, loop):
    """Finish a loop's Scope: change its `items` in place so that the first loads come first, and
    emit the additions of the steps of its `inductions` at the end, or in the last access through
    the pointer."""
    _loads_first(loop)
    left = {register: step - _join(loop, register) for register, step in loop.inductions.items()}
    for register, step in left.items():
        if step != poly.ZERO:
            small = step.constant is not None and -128 <= step.constant <= 127
            _advance(builder, loop, register, step.constant if small else builder.value(step))


def _join(loop, outer):
    """Use the same register for a pointer and an inner loop's pointer, if the outer one is used
    only to start the inner one. Returns the distance by which the inner loop advances it: the outer
    loop need not add this again."""
    users = [item for item in loop.items if _mentions(item, outer)]
    begin = users[0] if len(users) == 1 else None
    if not isinstance(begin, Op) or begin.name != "mov" or begin.conditional:
        return poly.ZERO
    pointer = begin.args[0]
    users = [item for item in loop.items if item is not begin and _mentions(item, pointer)]
    if len(users) != 1 or not isinstance(users[0], Loop) or users[0].trips is None:
        return poly.ZERO
    inner = users[0]
    if pointer is outer or pointer not in inner.inductions:
        return poly.ZERO
    way = inner.inductions[pointer] * inner.trips
    inside = any(symbol.scope.depth >= loop.depth for symbol in way.symbols)
    if inside or any(len(monomial) > 1 for monomial in way.terms):  # costs more than it saves
        return poly.ZERO
    loop.items.remove(begin)
    _replace(inner, pointer, outer)
    return way


def _advance(builder, loop, register, step):
    """Add the step at the loop's end, or in the last access through the register."""
    _zero_last(loop.items, register)
    last = next((i for i in reversed(loop.items) if _mentions(i, register)), None)
    constant = isinstance(step, int)
    if isinstance(last, Op) and not last.conditional and last.args[-1] == 0:
        moving = last.row.by_constant if constant else last.row.by_register
        if moving and last.args[1] is register and (not constant or step >= 0):
            at = loop.items.index(last)
            loop.items[at] = Op(moving, [last.args[0], register, step], last.line)
            return
    builder.emit("addi" if constant else "add", register, register, step, scope=loop)


def _loads_first(loop):
    """Move the loads of an innermost loop without branches before the computations, since the
    result of a load is ready two instructions later. Of the loads through one pointer, the load at
    offset 0 comes last, because it can advance the pointer."""
    early = []
    for item in loop.items:
        if isinstance(item, Loop) or item.conditional or item.name in ("label", "j"):
            return
        if item.row.opposite:  # a load must stay behind the check of its index
            return
        if item.row.memory == "store" or len(early) == LOADS_AT_ONCE:
            break
        if item.name == "lsi" and item.args[1] in loop.inductions:
            early.append(item)
    early.sort(key=lambda op: op.args[-1] == 0)
    loop.items[:] = early + [item for item in loop.items if item not in early]


def _zero_last(items, register):
    """Move the store at offset 0 to the end of the last run of float stores through `register`:
    there it can advance the pointer.

    Changes `items`; does nothing if another item lies between, or if a store is conditional."""
    stores = [item for item in items if _mentions(item, register)]
    run = []
    while stores and isinstance(stores[-1], Op) and stores[-1].name == "ssi":
        if stores[-1].args[1] is not register or stores[-1].conditional:
            break
        run.append(stores.pop())
    zero = next((op for op in run[1:] if op.args[2] == 0), None)
    if zero is None or run[0].args[2] == 0:
        return
    first, last = items.index(zero), items.index(run[0])
    if all(item in run for item in items[first : last + 1]):
        items.insert(last, items.pop(first))


def _mentions(item, register):
    if isinstance(item, Loop):
        return item.count is register or any(_mentions(i, register) for i in item.items)
    return register in item.args


def _replace(loop, old, new):
    for i, item in enumerate(loop.items):
        if isinstance(item, Loop):
            item.count = new if item.count is old else item.count
            _replace(item, old, new)
        else:
            loop.items[i] = item.having(new if arg is old else arg for arg in item.args)
