using System.Text.Json;
using System.Text.Json.Serialization;

namespace Amazon.Lambda.Serialization.SystemTextJson.Converters;

/// <summary>Reads ISO 8601 text, and epoch seconds as numbers with or without a fraction.</summary>
public class DateTimeConverter : JsonConverter<DateTime>
{
    // Beyond the year 5000 a number of seconds is a number of milliseconds: some event sources send those.
    private const long Year5000InSeconds = 157_753_180_800;

    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String && reader.TryGetDateTime(out var date))
        {
            return date;
        }

        if (reader.TokenType == JsonTokenType.Number)
        {
            if (reader.TryGetInt64(out var whole))
            {
                return whole > Year5000InSeconds
                    ? DateTime.UnixEpoch.AddMilliseconds(whole)
                    : DateTime.UnixEpoch.AddSeconds(whole);
            }

            if (reader.TryGetDouble(out var seconds))
            {
                return DateTime.UnixEpoch.AddSeconds(seconds);
            }
        }

        throw new JsonSerializerException($"A {reader.TokenType} token is not a date.");
    }

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value);
}
