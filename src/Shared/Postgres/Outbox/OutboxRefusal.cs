using System.Data.Common;
using Npgsql;

namespace Relaybox.Postgres;

/// <summary>Tells why the database has refused new rows: for their ids, for their numbers, or for another reason.</summary>
internal sealed class OutboxRefusal(PostgresOptions options)
{
    // What outbox_keep_order fails with.
    private const string SequenceIsBehind = "RB003";

    private readonly string _rowIds = new PostgresNames(options).RowIds;
    private readonly string _ofEventId = PostgresIdentifier.Derive(options.OutboxTable, "pkey");
    private readonly string _ofRowId = PostgresIdentifier.Derive(options.OutboxTable, "row_id");

    /// <summary>Whether the id of a row is taken. No other constraint says that.</summary>
    internal bool IsOfEventId(DbException exception) => Violates(exception, _ofEventId);

    /// <summary>Whether the sequence is behind the rows.</summary>
    internal bool IsOfSequence(DbException exception) => exception.SqlState == SequenceIsBehind || Violates(exception, _ofRowId);

    internal OutboxSequenceException BehindRows(DbException exception) => new(_rowIds, exception);

    private bool Violates(DbException exception, string constraint)
    {
        if (exception.SqlState != PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }

        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is PostgresException e)
            {
                return e.ConstraintName == constraint && e.SchemaName == options.Schema;
            }
        }

        // Of another driver's exceptions only the text is known. The constraint's name stands in it, in whatever language.
        return exception.Message.Contains(constraint, StringComparison.Ordinal);
    }
}
