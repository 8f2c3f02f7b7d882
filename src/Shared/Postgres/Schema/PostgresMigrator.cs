using System.Data;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>
/// Brings the schema up to date, in one transaction: applies the functions whose text has changed and the migrations that the
/// database lacks, and sets the sequence of row numbers forward where it is behind. A second call does nothing. Of two calls at the
/// same time, one waits for the other.
/// </summary>
public sealed class PostgresMigrator
{
    private const int Unlimited = 0;

    private readonly PostgresConnections _connections;
    private readonly PostgresOptions _options;
    private readonly ILogger<PostgresMigrator> _logger;
    private readonly PostgresNames _names;

    /// <summary>Makes a migrator.</summary>
    /// <param name="dataSource">The database, as a role that may create the schema's objects. The caller disposes it.</param>
    /// <param name="options">The names.</param>
    /// <param name="logger">The log; null: nothing is logged.</param>
    public PostgresMigrator(NpgsqlDataSource dataSource, PostgresOptions options, ILogger<PostgresMigrator>? logger = null)
        : this(new PostgresConnections(dataSource), options, logger ?? NullLogger<PostgresMigrator>.Instance)
    {
    }

    /// <param name="connections">The database, as a role that may create the schema's objects.</param>
    /// <param name="options">The names.</param>
    /// <param name="logger">The log.</param>
    internal PostgresMigrator(PostgresConnections connections, PostgresOptions options, ILogger<PostgresMigrator> logger) =>
        (_connections, _options, _logger, _names) = (connections, options, logger, new PostgresNames(options));

    /// <summary>How often it is said that another migration is waited for. Default: 10 seconds.</summary>
    internal TimeSpan WaitStep { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a migration waits for a table that a transaction holds before it gives up. Default: 15 seconds.</summary>
    internal TimeSpan LongestTableWait { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Applies what is missing or has changed, and puts the sequence of row numbers right where it is behind the rows.</summary>
    /// <param name="cancellationToken">Ends the work; nothing is applied then.</param>
    /// <returns>The names of the files that this call applied.</returns>
    /// <exception cref="MigrationException">
    /// A file failed, a migration was applied with another text than this build has, or the schema holds tables of other names.
    /// Nothing was applied.
    /// </exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _connections.OpenConnectionAsync(cancellationToken);
        List<string> applied = [];
        await RunAsync(
            connection,
            async (transaction, step, ct) =>
            {
                step("The schema's preparation");
                await PrepareAsync(transaction, ct);
                var known = await ReadAppliedAsync(transaction.Connection!, ct, Unlimited);
                foreach (var file in known.MissingOf(PostgresSchemaFiles.All))
                {
                    step($"Applying {file.Name}");
                    await ApplyAsync(file, transaction, ct);
                    applied.Add(file.Name);
                }

                step("The look at the sequence of row numbers");
                await RepairSequenceAsync(transaction, ct);
            },
            cancellationToken);
        foreach (var name in applied)
        {
            Log.MigrationApplied(_logger, name, _options.Schema);
        }

        return applied;
    }

    /// <summary>For development: creates whatever is missing, and costs one query where nothing is.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="MigrationException">As for <see cref="MigrateAsync"/>.</exception>
    public async Task EnsureCreatedAsync(CancellationToken cancellationToken)
    {
        await using (var connection = await _connections.OpenConnectionAsync(cancellationToken))
        {
            if (await IsUpToDateAsync(connection, cancellationToken))
            {
                return;
            }
        }

        await MigrateAsync(cancellationToken);
    }

    /// <summary>
    /// Makes the roles of least privilege where they are missing, and grants them what the options ask for, no more. After
    /// <see cref="MigrateAsync"/>; again after a change of <see cref="PostgresOptions.AfterSending"/>.
    /// </summary>
    /// <param name="roles">Their names.</param>
    /// <param name="cancellationToken">Ends the work; nothing is granted then.</param>
    /// <exception cref="MigrationException">A role could not be made or granted to.</exception>
    public async Task GrantRolesAsync(PostgresRoles roles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(roles);
        var sql = roles.Render(_names, _options.AfterSending);
        await using var connection = await _connections.OpenConnectionAsync(cancellationToken);
        await RunAsync(
            connection,
            (transaction, step, ct) =>
            {
                step("Granting the roles");
                return ExecuteAsync(sql, transaction, ct);
            },
            cancellationToken);
    }

    /// <summary>Whether the table of migrations is there.</summary>
    internal async Task<bool> HasMigrationsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var exists = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL", connection);
        exists.Parameters.Add(new() { Value = _names.Migrations });
        return await exists.ExecuteScalarAsync(cancellationToken) is true;
    }

    /// <summary>Reads which files were applied.</summary>
    /// <exception cref="MigrationException">They were applied for tables of other names.</exception>
    internal Task<AppliedFiles> ReadAppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        ReadAppliedAsync(connection, cancellationToken, timeoutSeconds: null);

    private async Task<bool> IsUpToDateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!await HasMigrationsAsync(connection, cancellationToken))
        {
            return false;
        }

        var known = await ReadAppliedAsync(connection, cancellationToken);
        return !known.MissingOf(PostgresSchemaFiles.All).Any();
    }

    private async Task PrepareAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        // IF NOT EXISTS asks for the right to create even where there is nothing to create.
        await using var exists = new NpgsqlCommand(
            "SELECT to_regclass($1) IS NOT NULL, to_regnamespace($2) IS NOT NULL", transaction.Connection, transaction);
        exists.Parameters.Add(new() { Value = _names.Migrations });
        exists.Parameters.Add(new() { Value = _names.Schema });
        bool hasTable, hasSchema;
        await using (var reader = await exists.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            (hasTable, hasSchema) = (reader.GetBoolean(0), reader.GetBoolean(1));
        }

        if (!hasTable)
        {
            await ExecuteAsync(
                $"""
                {(hasSchema ? "" : $"CREATE SCHEMA {_names.Schema};")}
                CREATE TABLE {_names.Migrations} (
                    name       text        PRIMARY KEY,
                    checksum   text        NOT NULL,
                    tables     text        NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now()
                );
                """,
                transaction,
                cancellationToken);
        }
    }

    private async Task<AppliedFiles> ReadAppliedAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken, int? timeoutSeconds)
    {
        await using var command = new NpgsqlCommand($"SELECT name, checksum, tables FROM {_names.Migrations}", connection);
        command.CommandTimeout = timeoutSeconds ?? command.CommandTimeout;
        return await AppliedFiles.ReadAsync(command, _options.Schema, _names.Tables, cancellationToken);
    }

    private async Task ApplyAsync(SchemaFile file, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await ExecuteAsync(file.Render(_names.Fill), transaction, cancellationToken);
        await using var record = new NpgsqlCommand(
            $"""
            INSERT INTO {_names.Migrations} (name, checksum, tables) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET checksum = EXCLUDED.checksum, applied_at = now()
            """,
            transaction.Connection,
            transaction);
        record.Parameters.Add(new() { Value = file.Name });
        record.Parameters.Add(new() { Value = file.Checksum });
        record.Parameters.Add(new() { Value = _names.Tables });
        await record.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Sets the sequence above the highest row where it is behind, as after a restore or a logical replication. Where it is not, this
    /// is one look at the end of an index. The table's lock keeps writers out, so that the sequence never goes back.
    /// </summary>
    private async Task RepairSequenceAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var look = new NpgsqlCommand($"SELECT 1 {_names.SequenceIsBehind}", transaction.Connection, transaction)
        {
            CommandTimeout = Unlimited,
        };
        if (await look.ExecuteScalarAsync(cancellationToken) is null)
        {
            return;
        }

        await ExecuteAsync($"LOCK TABLE {_names.Outbox} IN SHARE ROW EXCLUSIVE MODE", transaction, cancellationToken);
        await using var repair = new NpgsqlCommand(
            $"SELECT setval('{_names.RowIds}', (SELECT max(o.row_id) + 1 FROM {_names.Outbox} o), false) {_names.SequenceIsBehind}",
            transaction.Connection,
            transaction)
        {
            CommandTimeout = Unlimited,
        };
        if (await repair.ExecuteScalarAsync(cancellationToken) is long next)
        {
            Log.SequenceRepaired(_logger, _names.RowIds, next);
        }
    }

    private async Task RunAsync(
        NpgsqlConnection connection,
        Func<NpgsqlTransaction, Action<string>, CancellationToken, Task> work,
        CancellationToken cancellationToken)
    {
        var step = "The wait for another migration";
        for (var waited = WaitStep; ; waited += WaitStep)
        {
            try
            {
                await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
                if (!await TryLockAsync(transaction, cancellationToken))
                {
                    Log.MigrationWaits(_logger, _options.Schema, waited.TotalSeconds);
                    continue;
                }

                await work(transaction, name => step = name, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return;
            }
            catch (PostgresException e)
            {
                var advice = e.SqlState == PostgresErrorCodes.LockNotAvailable
                    ? " A transaction that is open for long holds one of the tables: let it end, and try again."
                    : "";
                throw new MigrationException($"{step} failed: {e.MessageText} ({e.SqlState}). Nothing was applied.{advice}", e);
            }
        }
    }

    /// <summary>Waits for another process that migrates this schema, for one step of the wait.</summary>
    /// <returns>Whether the lock is held; otherwise the transaction has failed.</returns>
    private async Task<bool> TryLockAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await SetLockTimeoutAsync(WaitStep, transaction, cancellationToken);
        try
        {
            // The lock ends with the transaction, so that it works through a pooler and no dead process can keep it.
            await using var wait = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", transaction.Connection, transaction)
            {
                CommandTimeout = Unlimited,
            };
            wait.Parameters.Add(new() { Value = $"relaybox.migrate.{_options.Schema}" });
            await wait.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return false;
        }

        // While a migration waits for a table, every later statement on the table waits behind it.
        await SetLockTimeoutAsync(LongestTableWait, transaction, cancellationToken);
        return true;
    }

    private static Task SetLockTimeoutAsync(TimeSpan timeout, NpgsqlTransaction transaction, CancellationToken cancellationToken) => ExecuteAsync(
        string.Create(CultureInfo.InvariantCulture, $"SET LOCAL lock_timeout = {(long)timeout.TotalMilliseconds}"), transaction, cancellationToken);

    // Building an index can take long; the caller's token is the limit.
    private static async Task ExecuteAsync(string sql, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, transaction.Connection, transaction) { CommandTimeout = Unlimited };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
