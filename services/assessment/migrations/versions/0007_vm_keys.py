"""What lists of VMs are sorted and filtered by, and the inventory's pages for details.

The indexes by name and by tenant go: ``vm_keys`` serves what they served. VMs of assessments that
are complete get keys here; their details are there after the next import.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = (
    """
    ALTER TABLE assessed_vms
        ADD COLUMN dns_name text,
        ADD COLUMN ip_addresses text[] NOT NULL DEFAULT '{}',
        ADD COLUMN snapshot_count integer,
        ADD COLUMN finding_ids text[] NOT NULL DEFAULT '{}',
        ADD COLUMN severities smallint NOT NULL DEFAULT 0,
        ADD COLUMN page_number integer,
        ADD COLUMN page_line integer
    """,
    """
    ALTER TABLE tenant_totals
        ADD COLUMN measured_vms integer NOT NULL DEFAULT 0,
        ADD COLUMN measured_used_mib bigint NOT NULL DEFAULT 0,
        ADD COLUMN measured_provisioned_mib bigint NOT NULL DEFAULT 0
    """,
    # The columns that need no alignment come last, those of fixed width before them.
    """
    CREATE TABLE vm_keys (
        assessment_id uuid NOT NULL,
        position integer NOT NULL CHECK (position >= 1),
        vm_id uuid NOT NULL,
        tenant_id uuid NOT NULL,
        memory_mib bigint,
        disk_mib bigint,
        provisioned_mib bigint,
        allocated_mib bigint,
        used_mib bigint,
        vcpus integer,
        disk_count integer NOT NULL,
        nic_count integer NOT NULL,
        snapshot_count integer,
        finding_count integer NOT NULL,
        risk_score smallint NOT NULL,
        severities smallint NOT NULL,
        power_state smallint NOT NULL,
        os_family smallint NOT NULL,
        risk_band smallint NOT NULL,
        mode_class smallint NOT NULL,
        excluded smallint,
        datacenter text,
        cluster text,
        host text,
        os_product text,
        os_text text,
        PRIMARY KEY (assessment_id, position)
    )
    """,
    """
    CREATE TABLE vm_terms (
        assessment_id uuid NOT NULL,
        position integer NOT NULL CHECK (position >= 1),
        finding_ids text[] NOT NULL,
        networks text[] NOT NULL,
        search text NOT NULL,
        PRIMARY KEY (assessment_id, position)
    )
    """,
    # A scan takes some 15 ms: workers that help would double its cost and hardly be started.
    "ALTER TABLE vm_keys SET (parallel_workers = 0)",
    "ALTER TABLE vm_terms SET (parallel_workers = 0)",
    # Foreign keys would be looked up for every row, at a tenth of what the rows themselves cost.
    """
    CREATE FUNCTION forget_vm_keys() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM vm_keys WHERE assessment_id = OLD.id;
        DELETE FROM vm_terms WHERE assessment_id = OLD.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER forget_vm_keys AFTER DELETE ON assessments
    FOR EACH ROW EXECUTE FUNCTION forget_vm_keys()
    """,
    """
    CREATE TABLE source_pages (
        assessment_id uuid NOT NULL REFERENCES assessments ON DELETE CASCADE,
        number integer NOT NULL CHECK (number >= 0),
        content bytea NOT NULL,
        PRIMARY KEY (assessment_id, number)
    )
    """,
    # Pages are compressed: compressing them again only costs time.
    "ALTER TABLE source_pages ALTER COLUMN content SET STORAGE EXTERNAL",
)

_FILL = (
    """
    UPDATE assessed_vms SET
        finding_ids = ARRAY(
            SELECT id FROM (
                SELECT found.value ->> 'id' AS id, min(found.place) AS place
                FROM jsonb_array_elements(findings) WITH ORDINALITY AS found (value, place)
                GROUP BY 1
            ) AS kinds ORDER BY place
        ),
        severities = coalesce((
            SELECT bit_or(CASE found.value ->> 'severity'
                WHEN 'blocker' THEN 8 WHEN 'high' THEN 4 WHEN 'medium' THEN 2 ELSE 1 END)
            FROM jsonb_array_elements(findings) AS found (value)
            WHERE coalesce(found.value ->> 'is_waived', 'false') <> 'true'
        ), 0)
    WHERE findings <> '[]'
    """,
    """
    INSERT INTO vm_keys
    SELECT
        assessment_id,
        row_number() OVER (PARTITION BY assessment_id ORDER BY vms.name, vm_id),
        vm_id, tenant_id, memory_mib, disk_mib, provisioned_mib, allocated_mib, used_mib, vcpus,
        disk_count, nic_count, snapshot_count, cardinality(finding_ids), risk_score, severities,
        CASE power_state WHEN 'poweredOn' THEN 1 WHEN 'poweredOff' THEN 2 WHEN 'suspended' THEN 3
            ELSE 4 END,
        CASE os_family WHEN 'linux' THEN 1 WHEN 'windows' THEN 3 ELSE 2 END,
        CASE risk_band WHEN 'green' THEN 1 WHEN 'yellow' THEN 2 ELSE 3 END,
        CASE mode_class WHEN 'warm_eligible' THEN 1 WHEN 'warm_risky' THEN 2 ELSE 3 END,
        CASE excluded_because WHEN 'template' THEN 1 WHEN 'srm_placeholder' THEN 2
            WHEN 'vcls' THEN 3 END,
        datacenter, cluster, host, os_product, os_text
    FROM assessed_vms AS vms
    JOIN assessments ON assessments.id = vms.assessment_id AND completed_at IS NOT NULL
    ORDER BY 1, 2
    """,
    """
    INSERT INTO vm_terms
    SELECT assessment_id, position, finding_ids, networks, lower(concat_ws(E'\\n', name, moref))
    FROM vm_keys JOIN assessed_vms USING (assessment_id, vm_id)
    """,
)


def upgrade() -> None:
    """Make the tables and fill what can be filled."""
    for statement in (*_TABLES, *_FILL):
        op.execute(statement)
    op.execute("DROP INDEX assessed_vms_by_name, assessed_vms_by_tenant")


def downgrade() -> None:
    """Remove them."""
    op.execute(
        """
        CREATE INDEX assessed_vms_by_tenant
        ON assessed_vms (assessment_id, tenant_id, left(name, 100), vm_id)
        WHERE excluded_because IS NULL
        """
    )
    op.execute(
        """
        CREATE INDEX assessed_vms_by_name ON assessed_vms (assessment_id, left(name, 100), vm_id)
        WHERE excluded_because IS NULL
        """
    )
    op.execute(
        """
        ALTER TABLE tenant_totals
            DROP COLUMN measured_provisioned_mib, DROP COLUMN measured_used_mib,
            DROP COLUMN measured_vms
        """
    )
    op.execute("DROP TRIGGER forget_vm_keys ON assessments")
    op.execute("DROP FUNCTION forget_vm_keys")
    op.execute("DROP TABLE source_pages, vm_terms, vm_keys")
    op.execute(
        """
        ALTER TABLE assessed_vms
            DROP COLUMN page_line, DROP COLUMN page_number, DROP COLUMN severities,
            DROP COLUMN finding_ids, DROP COLUMN snapshot_count, DROP COLUMN ip_addresses,
            DROP COLUMN dns_name
        """
    )
