using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Relaybox.Events;

namespace Relaybox.Messaging;

/// <summary>
/// Where a payload is that an event does not carry itself, and what it has to be. On the row and on the wire it is the event's payload, as
/// JSON, and the header <see cref="HeaderName"/> says so. See docs/claim-check.md.
/// </summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Sha256">The SHA-256 of the payload's UTF-8, as 64 lowercase hexadecimal digits. It names the object, too.</param>
/// <param name="Bytes">The bytes of the payload's UTF-8.</param>
public sealed record PayloadReference(string Bucket, string Sha256, long Bytes)
{
    /// <summary>The header of an event whose payload is a reference.</summary>
    public const string HeaderName = "relaybox-payload";

    /// <summary>The value of that header.</summary>
    public const string HeaderValue = "s3";

    /// <summary>What the names of all objects begin with; the payload's hash follows.</summary>
    public const string KeyPrefix = "payloads/";

    private const int MaxTextBytes = 1024;

    private static readonly SearchValues<char> BucketCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The object's name.</summary>
    public string Key => KeyPrefix + Sha256;

    /// <summary>Whether a text can be a bucket's name.</summary>
    internal static bool IsBucket(string text) =>
        text.Length is >= 3 and <= 63 && !text.AsSpan().ContainsAnyExcept(BucketCharacters)
        && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]);

    /// <summary>Whether an event says that its payload is a reference.</summary>
    internal static bool IsIn(OutboxEvent outboxEvent) => outboxEvent.Headers.ContainsKey(HeaderName);

    /// <summary>The reference to a payload in a bucket.</summary>
    internal static PayloadReference Of(string bucket, ReadOnlySpan<byte> payload) =>
        new(bucket, Convert.ToHexStringLower(SHA256.HashData(payload)), payload.Length);

    /// <summary>Reads the reference of an event that says that it has one.</summary>
    /// <exception cref="MessageFormatException">It is not a reference.</exception>
    internal static PayloadReference Read(OutboxEvent outboxEvent)
    {
        if (outboxEvent.Headers.GetValueOrDefault(HeaderName) != HeaderValue)
        {
            throw Invalid($"its value is not '{HeaderValue}'");
        }

        if (outboxEvent.Payload.Length > MaxTextBytes)
        {
            throw Invalid("the payload is longer than a reference");
        }

        try
        {
            using var json = JsonDocument.Parse(outboxEvent.Payload, new JsonDocumentOptions { MaxDepth = 4 });
            var reference = new PayloadReference(Text(json, "bucket"), Text(json, "sha256"), Number(json, "bytes"));
            return !IsBucket(reference.Bucket) ? throw Invalid("'bucket' is not a bucket's name")
                : reference.Sha256.Length != 64 || reference.Sha256.AsSpan().ContainsAnyExcept(HexDigits)
                    ? throw Invalid("'sha256' is not 64 lowercase hexadecimal digits")
                : reference.Bytes is < 0 or > int.MaxValue ? throw Invalid("'bytes' is not the length of a payload")
                : Text(json, "key") != reference.Key ? throw Invalid($"'key' is not '{KeyPrefix}' and the value of 'sha256'")
                : reference;
        }
        catch (Exception e) when (JsonField.IsMalformed(e) || e is FormatException and not MessageFormatException)
        {
            throw Invalid("the payload is not a JSON object with bucket, key, sha256 and bytes");
        }
    }

    /// <summary>The reference as it travels.</summary>
    /// <returns>JSON, always the same for the same payload in the same bucket.</returns>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $$"""{"bucket":"{{Bucket}}","key":"{{Key}}","sha256":"{{Sha256}}","bytes":{{Bytes}}}""");

    /// <summary>The event with the reference in the place of its payload.</summary>
    internal OutboxEvent PutInto(OutboxEvent outboxEvent) => outboxEvent with
    {
        Payload = ToString(),
        Headers = new Dictionary<string, string>(outboxEvent.Headers, StringComparer.Ordinal) { [HeaderName] = HeaderValue },
    };

    /// <summary>The event with its payload, as it was before the reference took its place.</summary>
    /// <exception cref="MessageFormatException">What was stored is not the payload that the reference means.</exception>
    internal OutboxEvent Resolve(OutboxEvent outboxEvent, ReadOnlySpan<byte> payload)
    {
        if (payload.Length != Bytes)
        {
            throw Corrupt($"{Bytes} bytes");
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(payload, hash);
        if (Convert.ToHexStringLower(hash) != Sha256)
        {
            throw Corrupt("hash");
        }

        var headers = new Dictionary<string, string>(outboxEvent.Headers, StringComparer.Ordinal);
        headers.Remove(HeaderName);
        return outboxEvent with { Payload = Utf8.Read(payload), Headers = headers };
    }

    private static string Text(JsonDocument json, string name) =>
        json.RootElement.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static long Number(JsonDocument json, string name) => json.RootElement.TryGetProperty(name, out var value) ? value.GetInt64() : -1;

    private MessageFormatException Corrupt(string what) =>
        new(ErrorCodes.PayloadCorrupt, $"The object {Key} does not have the {what} of the message's payload: somebody has changed or replaced it.");

    private static MessageFormatException Invalid(string why) => new(
        ErrorCodes.PayloadReferenceInvalid,
        $"The header '{HeaderName}' says that the payload is a reference to an object, and {why}. Only the claim check writes that header.");
}
