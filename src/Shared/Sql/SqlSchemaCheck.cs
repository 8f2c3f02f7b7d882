using System.Data.Common;
using Relaybox.Operations;

namespace Relaybox.Sql;

/// <summary>Whether the schema is the one that Setup makes, and whether anything was taken away from it since.</summary>
/// <param name="database">Where connections come from.</param>
/// <param name="schema">The schema's name.</param>
/// <param name="files">Every file of this build.</param>
internal abstract class SqlSchemaCheck(SqlConnections database, string schema, IReadOnlyList<SchemaFile> files) : IDoctorCheck
{
    /// <summary>What to type for Setup.</summary>
    protected const string Setup = $"{Doctor.InvokeSetup}, or ./run migrate.";

    /// <inheritdoc />
    public string Name => "schema";

    /// <inheritdoc />
    public string Passed => "The schema is that of this build, with its indexes and triggers.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        List<Finding> found = [.. await JudgeServerAsync(connection, cancellationToken)];
        if (!await HasMigrationsAsync(connection, cancellationToken))
        {
            found.Add(Finding.Problem(
                "schema.missing",
                $"The schema '{schema}' holds none of Relaybox's tables.",
                $"{Setup} Where that was done, set DATABASE_SCHEMA and DATABASE_NAME to those that it was done for."));
            return found;
        }

        try
        {
            var missing = (await ReadAppliedAsync(connection, cancellationToken)).MissingOf(files).ToList();
            found.AddRange(missing.Count > 0
                ?
                [
                    Finding.Problem(
                        "schema.old",
                        $"The schema '{schema}' is not that of this build, which has other texts of: "
                        + $"{string.Join(", ", missing.Take(5).Select(file => file.Name))}{(missing.Count > 5 ? ", …" : "")}.",
                        Setup),
                ]
                : await JudgeObjectsAsync(connection, cancellationToken));
        }
        catch (MigrationException e)
        {
            found.Add(Finding.Problem("schema.other", e.Message));
        }

        return found;
    }

    /// <summary>Whether the table of migrations is there.</summary>
    protected abstract Task<bool> HasMigrationsAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>Reads which files were applied.</summary>
    /// <exception cref="MigrationException">They were applied for tables of other names.</exception>
    protected abstract Task<AppliedFiles> ReadAppliedAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>What is wrong with the server itself.</summary>
    protected abstract Task<IReadOnlyList<Finding>> JudgeServerAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>What was taken away from the schema, and what is behind.</summary>
    protected abstract Task<IReadOnlyList<Finding>> JudgeObjectsAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>An index that is not there.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="statement">The statement that makes it.</param>
    protected static Finding MissingIndex(string name, string statement) => Finding.Problem(
        "schema.index-missing",
        $"The index {name} is missing: relay and jobs read whole tables instead, and a key is not guarded.",
        $"Setup does not make it again. As the schema's owner: {statement}");

    /// <summary>A trigger that is not there, or does not fire.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="statement">The statement that puts it right.</param>
    protected static Finding MissingTrigger(string name, string statement) => Finding.Problem(
        "schema.trigger-missing",
        $"The trigger {name} is missing, or switched off: rows are not numbered in the order of their key, or wake no relay.",
        $"As the schema's owner: {statement}");

    /// <summary>A counter that gives numbers which rows have already.</summary>
    /// <param name="what">Which.</param>
    protected static Finding Behind(string what) => Finding.Problem(
        "schema.sequence-behind",
        $"{what} behind the rows, as after a restore or a replication: writers fail, or break the order of a key.",
        $"{Setup} It sets them forward.");

    /// <summary>A server that can lose what it has acknowledged.</summary>
    /// <param name="what">Which of its settings, and how it is.</param>
    /// <param name="statement">What puts it right.</param>
    protected static Finding NotDurable(string what, string statement) => Finding.Warning(
        "schema.not-durable",
        $"The server acknowledges commits before they are on disk ({what}): a crash loses rows, and marks of what was handled.",
        $"As an administrator: {statement}");
}
