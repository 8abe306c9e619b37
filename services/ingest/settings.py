"""Settings of the ingest: environment variables MIGPLAN_INGEST_…"""

from pydantic import DirectoryPath, Field

from services.ingest.domain.limits import GIB, MIB, ParserLimits, WorkbookLimits
from shared.runtime.settings import CommonSettings, settings_of


class IngestSettings(CommonSettings):
    """What every service is told, and how large a workbook may be."""

    model_config = settings_of("ingest")

    upload_max_bytes: int = Field(512 * MIB, gt=0, description="Largest workbook, in bytes")
    unpacked_max_bytes: int = Field(4 * GIB, gt=0, description="Largest unpacked workbook, bytes")
    rows_max_per_tab: int = Field(2_000_000, gt=0, description="Most rows of one tab")
    parser_memory_mib: int = Field(
        2048, ge=256, description="Address space of the parser's process, in MiB"
    )
    parser_cpu_s: int = Field(900, gt=0, description="CPU time of the parser's process, seconds")
    parser_wall_s: int = Field(1800, gt=0, description="Time that one parse may take, seconds")
    scratch_dir: DirectoryPath | None = Field(
        None, description="Folder for workbooks while they are parsed; default: the system's"
    )

    @property
    def workbook_limits(self) -> WorkbookLimits:
        """Bounds on a workbook."""
        return WorkbookLimits(
            max_unpacked_bytes=self.unpacked_max_bytes, max_rows_per_tab=self.rows_max_per_tab
        )

    @property
    def parser_limits(self) -> ParserLimits:
        """Bounds on the parser's process."""
        return ParserLimits(
            memory_mib=self.parser_memory_mib, cpu_s=self.parser_cpu_s, wall_s=self.parser_wall_s
        )
