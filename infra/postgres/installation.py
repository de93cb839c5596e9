"""How many lanes each context of the installation has. The first writer decides it; it never changes."""

from infra.postgres.pool import Database
from workers.ports.lanes import Unavailable


class LayoutDiffers(Unavailable):
    """The settings ask for another number of lanes than the installation has. Nothing was started."""

    def __init__(self, setting: int, partitions: int) -> None:
        super().__init__(
            "Postgres",
            f"ANNALS_PARTITIONS is {setting}, but the streams of this installation are laid out over {partitions} "
            f"lanes a context, and none may change its lane; set ANNALS_PARTITIONS={partitions}",
        )
        self.setting = setting
        self.partitions = partitions

    def __str__(self) -> str:
        return self.explanation


async def check_partitions(database: Database, setting: int, *, may_write: bool) -> None:
    """Compare the setting with the number of the installation. A caller that may write decides it when it is not
    decided yet.

    Raises Unavailable or LayoutDiffers.
    """
    if may_write:
        await database.run("note_partitions", setting)
    partitions: int | None = await database.value("partitions")
    if partitions not in (None, setting):
        raise LayoutDiffers(setting, partitions)
