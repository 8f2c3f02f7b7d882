using Npgsql;
using NpgsqlTypes;

namespace Relaybox.Postgres;

/// <summary>Parameters that say their type, so that a null has one too.</summary>
internal static class Parameters
{
    internal static NpgsqlParameter Text(string? value) => Of(NpgsqlDbType.Text, value);

    internal static NpgsqlParameter Texts(string?[] values) => Of(NpgsqlDbType.Array | NpgsqlDbType.Text, values);

    internal static NpgsqlParameter Integer(int value) => Of(NpgsqlDbType.Integer, value);

    internal static NpgsqlParameter Integers(int[] values) => Of(NpgsqlDbType.Array | NpgsqlDbType.Integer, values);

    internal static NpgsqlParameter Long(long value) => Of(NpgsqlDbType.Bigint, value);

    internal static NpgsqlParameter Longs(long[] values) => Of(NpgsqlDbType.Array | NpgsqlDbType.Bigint, values);

    internal static NpgsqlParameter Interval(TimeSpan? value) => Of(NpgsqlDbType.Interval, value);

    internal static NpgsqlParameter Intervals(TimeSpan[] values) => Of(NpgsqlDbType.Array | NpgsqlDbType.Interval, values);

    internal static NpgsqlParameter Time(DateTimeOffset? value) => Of(NpgsqlDbType.TimestampTz, value?.UtcDateTime);

    internal static NpgsqlParameter Boolean(bool value) => Of(NpgsqlDbType.Boolean, value);

    private static NpgsqlParameter Of(NpgsqlDbType type, object? value) => new() { NpgsqlDbType = type, Value = value ?? DBNull.Value };
}
