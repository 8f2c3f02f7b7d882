using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>
/// Brings the schema up to date: applies the statements that the database lacks, creates the routines anew whose text has changed, and
/// puts the numbers of ordering keys right. A second call does nothing. Of two calls at the same time, one waits
/// for the other. The server commits each statement by itself: where a call ends in the middle, the next one goes on.
/// </summary>
public sealed partial class MySqlMigrator
{
    private const int Unlimited = 0;

    private readonly MySqlConnections _connections;
    private readonly MySqlOptions _options;
    private readonly ILogger<MySqlMigrator> _logger;
    private readonly MySqlNames _names;

    /// <summary>Makes a migrator.</summary>
    /// <param name="dataSource">The server, as a user who may create the schema's objects. The caller disposes it.</param>
    /// <param name="options">The names.</param>
    /// <param name="logger">The log; null: nothing is logged.</param>
    public MySqlMigrator(MySqlDataSource dataSource, MySqlOptions options, ILogger<MySqlMigrator>? logger = null)
        : this(new MySqlConnections(dataSource), options, logger ?? NullLogger<MySqlMigrator>.Instance)
    {
    }

    /// <param name="connections">The server, as a user who may create the schema's objects.</param>
    /// <param name="options">The names.</param>
    /// <param name="logger">The log.</param>
    internal MySqlMigrator(MySqlConnections connections, MySqlOptions options, ILogger<MySqlMigrator> logger) =>
        (_connections, _options, _logger, _names) = (connections, options, logger, new MySqlNames(options));

    /// <summary>How often it is said that another migration is waited for. Default: 10 seconds.</summary>
    internal TimeSpan WaitStep { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a migration waits for a table that a transaction uses before it gives up. Default: 15 seconds.</summary>
    internal TimeSpan LongestTableWait { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Applies what is missing or has changed, and puts the numbers of ordering keys right where some are missing or behind the rows.
    /// </summary>
    /// <param name="cancellationToken">Ends the work; the next call goes on.</param>
    /// <returns>The names of the files that this call applied.</returns>
    /// <exception cref="MigrationException">
    /// A statement failed, one was applied with another text than this build has, or the schema holds tables of other names.
    /// </exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _connections.OpenForHandlerAsync(cancellationToken);
        var applied = new List<string>();
        await RunAsync(
            connection,
            async step =>
            {
                var known = await ReadAppliedAsync(connection, cancellationToken);
                foreach (var file in known.MissingOf(MySqlSchemaFiles.All))
                {
                    step($"Applying {file.Name}");
                    await ApplyAsync(file, connection, cancellationToken);
                    applied.Add(file.Name);
                    Log.StatementApplied(_logger, file.Name, _options.Schema);
                }

                step("The look at the numbers of ordering keys");
                await RepairNumbersAsync(connection, cancellationToken);
            },
            cancellationToken);
        return applied;
    }

    /// <summary>For development: creates whatever is missing, and costs two queries where nothing is.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="MigrationException">As for <see cref="MigrateAsync"/>.</exception>
    public async Task EnsureCreatedAsync(CancellationToken cancellationToken)
    {
        await using (var connection = await _connections.OpenConnectionAsync(cancellationToken))
        {
            if (await HasMigrationsAsync(connection, cancellationToken))
            {
                var known = await ReadAppliedAsync(connection, cancellationToken);
                if (!known.MissingOf(MySqlSchemaFiles.All).Any())
                {
                    return;
                }
            }
        }

        await MigrateAsync(cancellationToken);
    }

    /// <summary>
    /// Makes the roles of least privilege where they are missing, grants each what its part of the system does and takes away what is
    /// more, and grants them to the users that are named, as their default roles. The schema must be up to date.
    /// </summary>
    /// <param name="roles">The roles' names, and whom they are granted to.</param>
    /// <param name="cancellationToken">Ends the work; the next call goes on.</param>
    /// <exception cref="MigrationException">A statement failed, a user is missing, or has another default role already.</exception>
    public async Task GrantRolesAsync(MySqlRoles roles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(roles);
        await using var connection = await _connections.OpenForHandlerAsync(cancellationToken);
        await RunAsync(
            connection,
            step =>
            {
                step("Granting the roles");
                return new MySqlRoleGrants(connection, _names, roles, _options.AfterSending).ApplyAsync(cancellationToken);
            },
            cancellationToken);
    }

    private async Task RunAsync(MySqlConnection connection, Func<Action<string>, Task> work, CancellationToken cancellationToken)
    {
        var step = "The schema's preparation";
        try
        {
            await ExecuteAsync(
                string.Create(null, $"SET SESSION lock_wait_timeout = {(int)LongestTableWait.TotalSeconds}"), connection, cancellationToken);
            await PrepareAsync(connection, cancellationToken);
            step = "The wait for another migration";
            await using var guard = await _connections.OpenForHandlerAsync(cancellationToken);
            var migrationLock = new MySqlMigrationLock(_names, _options.Schema, WaitStep, _logger);
            await using var transaction = await migrationLock.TakeAsync(guard, cancellationToken);
            await work(name => step = name);
        }
        catch (MySqlException e)
        {
            throw new MigrationException($"{step} failed: {e.Message} ({e.Number}). The next call goes on there.{Advice(e)}", e);
        }
    }

    private static string Advice(MySqlException e) => e.ErrorCode switch
    {
        MySqlErrorCode.LockWaitTimeout => " A transaction that is open for long uses one of the tables: let it end, and try again.",
        (MySqlErrorCode)1419 =>
            " The server writes a binary log and lets only its administrators create triggers: set log_bin_trust_function_creators = 1 "
            + "(on RDS in the parameter group), and try again.",
        _ => "",
    };

    private async Task PrepareAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        // IF NOT EXISTS asks for the right to create even where there is nothing to create.
        await using var exists = new MySqlCommand("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = @schema", connection);
        exists.Parameters.AddWithValue("@schema", _options.Schema);
        if ((long)(await exists.ExecuteScalarAsync(cancellationToken))! == 0)
        {
            await ExecuteAsync(
                $"CREATE DATABASE IF NOT EXISTS {_names.Schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", connection, cancellationToken);
        }

        var create =
            $"""
            CREATE TABLE IF NOT EXISTS {_names.Migrations} (
                name       VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
                checksum   VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
                tables     VARCHAR(255) NOT NULL,
                applied_at DATETIME(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6))
            ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
            """;
        if (!await HasMigrationsAsync(connection, cancellationToken))
        {
            await ExecuteAsync(create, connection, cancellationToken);
        }

        await MySqlOwnTable.RequireAsync(create, connection, cancellationToken);
    }

    private async Task<bool> HasMigrationsAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = @schema AND table_name = @table", connection);
        command.Parameters.AddWithValue("@schema", _options.Schema);
        command.Parameters.AddWithValue("@table", MySqlNames.MigrationsTable);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))! > 0;
    }

    /// <summary>
    /// Adds the buckets of ordering keys that are missing, and sets the numbers above those of the rows that are not sent yet, where
    /// they are behind.
    /// </summary>
    private async Task RepairNumbersAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        await ExecuteAsync(MySqlSchemaFiles.Buckets.Render(_names.Fill), connection, cancellationToken);
        await using var command = new MySqlCommand(
            $"""
            UPDATE {_names.KeysAndHighest}
            SET k.last_number = held.highest
            WHERE k.last_number < held.highest
            """,
            connection)
        {
            CommandTimeout = Unlimited,
        };
        if (await command.ExecuteNonQueryAsync(cancellationToken) is var repaired and > 0)
        {
            Log.NumbersRepaired(_logger, repaired);
        }
    }

    // Building an index can take long; the caller's token is the limit.
    private static async Task ExecuteAsync(string sql, MySqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(sql, connection) { CommandTimeout = Unlimited };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
