using Relaybox.Benchmarks.Stores.Sql;

namespace Relaybox.Benchmarks.Stores.MySql;

/// <summary>The naive loop on MariaDB.</summary>
internal sealed class MySqlNaiveLoop(MySqlBenchDatabase database, string schema) : SqlNaiveLoop(database, schema)
{
    public override Task CreateAsync(CancellationToken cancellationToken) => database.ExecuteAsync(
        $"""
        CREATE DATABASE {Schema} CHARACTER SET utf8mb4;
        CREATE TABLE {Table} (
            event_id      VARCHAR(255) PRIMARY KEY,
            subject       VARCHAR(500) NOT NULL,
            payload       LONGTEXT     NOT NULL,
            headers       LONGTEXT,
            status        VARCHAR(50)  NOT NULL DEFAULT 'pending',
            enqueued_at   DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
            sent_at       DATETIME(6),
            error_message TEXT,
            created_at    DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
            updated_at    DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
            KEY status (status, enqueued_at),
            KEY sent_at (sent_at)
        )
        """,
        cancellationToken);
}
