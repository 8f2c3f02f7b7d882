using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Relaybox.Local.Aws;
using Relaybox.Local.Servers;
using Relaybox.Messaging;
using Relaybox.Operations;
using Relaybox.S3;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>The store against the S3 of the emulator (fauxqs), not against S3 itself.</summary>
public sealed class S3PayloadStoreTests(SqsEmulator emulator) : IAsyncLifetime
{
    private readonly string _bucket = SqsEmulator.UniqueName("payloads");
    private AmazonS3Client _client = null!;
    private S3PayloadStore _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _client = CreateClient(emulator.Endpoint);
        _store = new S3PayloadStore(_client, _bucket);
        await _client.PutBucketAsync(_bucket, Ct);
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(262_145)]
    [InlineData(5_000_000)]
    [InlineData(9_000_001)]
    public async Task A_payload_comes_out_as_it_went_in(int bytes)
    {
        var payload = Payload(bytes);
        var reference = PayloadReference.Of(_bucket, payload);

        await _store.PutAsync(reference, payload, Ct);
        await _store.PutAsync(reference, payload, Ct);

        Assert.True((await _store.GetAsync(reference, Ct)).Span.SequenceEqual(payload));
        var listed = await _client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = _bucket }, Ct);
        Assert.Equal([reference.Key], listed.S3Objects.Select(stored => stored.Key));
    }

    [Fact]
    public async Task Many_payloads_at_once_come_out_as_they_went_in()
    {
        await Parallel.ForAsync(0, 60, new ParallelOptions { MaxDegreeOfParallelism = 12, CancellationToken = Ct }, async (i, ct) =>
        {
            var payload = Payload(1_000 * (i + 1));
            var reference = PayloadReference.Of(_bucket, payload);
            await _store.PutAsync(reference, payload, ct);
            Assert.True((await _store.GetAsync(reference, ct)).Span.SequenceEqual(payload));
        });
    }

    [Fact]
    public async Task An_upload_carries_its_hash_as_S3s_own_checksum()
    {
        await using var recorder = new RequestRecorder();
        using var client = CreateClient(recorder.Endpoint);
        var payload = Payload(100);
        var reference = PayloadReference.Of(_bucket, payload);

        await new S3PayloadStore(client, _bucket).PutAsync(reference, payload, Ct);

        var (path, headers, body) = Assert.Single(recorder.Requests);
        Assert.Equal($"/{_bucket}/{reference.Key}", path);
        Assert.Equal(Convert.ToBase64String(SHA256.HashData(payload)), headers["x-amz-checksum-sha256"]);
        Assert.Equal(payload, body);
    }

    [Fact]
    public async Task An_object_of_another_length_is_not_read()
    {
        var reference = PayloadReference.Of(_bucket, Payload(100));
        await _client.PutObjectAsync(
            new PutObjectRequest { BucketName = _bucket, Key = reference.Key, ContentBody = new string('x', 2_000_000) }, Ct);

        Assert.True((await _store.GetAsync(reference, Ct)).IsEmpty);
    }

    [Fact]
    public async Task What_is_not_there_is_missing_and_a_bucket_that_is_not_there_is_an_outage()
    {
        var reference = PayloadReference.Of(_bucket, Payload(100));

        var missing = await Assert.ThrowsAsync<PayloadStoreException>(() => _store.GetAsync(reference, Ct));
        Assert.True(missing.IsMissing);
        Assert.Contains(reference.Key, missing.Message, StringComparison.Ordinal);

        var elsewhere = new S3PayloadStore(_client, SqsEmulator.UniqueName("nobodys"));
        foreach (var call in new Func<Task>[] { () => elsewhere.GetAsync(reference, Ct), () => elsewhere.PutAsync(reference, Payload(100), Ct) })
        {
            var away = await Assert.ThrowsAsync<PayloadStoreException>(call);
            Assert.False(away.IsMissing);
            Assert.Contains("CLAIM_CHECK_BUCKET", away.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(403, "AccessDenied", "Allow s3:GetObject there")]
    [InlineData(500, "InternalError", "InternalError")]
    [InlineData(503, "SlowDown", "SlowDown")]
    public async Task What_the_service_refuses_or_fails_on_is_an_outage_that_says_what_to_do(int status, string code, string text)
    {
        await using var refusing = new RequestRecorder(status, $"<Error><Code>{code}</Code><Message>top-secret</Message></Error>");
        using var client = CreateClient(refusing.Endpoint);

        var away = await Assert.ThrowsAsync<PayloadStoreException>(
            () => new S3PayloadStore(client, _bucket).GetAsync(PayloadReference.Of(_bucket, Payload(1)), Ct));

        Assert.False(away.IsMissing);
        Assert.Contains(text, away.Message, StringComparison.Ordinal);
        Assert.Contains("CLAIM_CHECK_BUCKET", away.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("top-secret", away.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_is_away_is_an_outage()
    {
        using var client = CreateClient(new Uri($"http://127.0.0.1:{NetworkPorts.Free(1)[0]}/"));
        var store = new S3PayloadStore(client, _bucket);
        var reference = PayloadReference.Of(_bucket, Payload(1));

        Assert.False((await Assert.ThrowsAsync<PayloadStoreException>(() => store.PutAsync(reference, Payload(1), Ct))).IsMissing);
        Assert.False((await Assert.ThrowsAsync<PayloadStoreException>(() => store.GetAsync(reference, Ct))).IsMissing);
    }

    [Fact]
    public async Task The_doctor_finds_a_bucket_that_is_not_there_or_refuses()
    {
        Assert.Empty(await new S3Check(_client, _bucket).FindAsync(Ct));

        var missing = Assert.Single(await new S3Check(_client, SqsEmulator.UniqueName("nobodys")).FindAsync(Ct));
        Assert.Equal(("payloads.failed", FindingSeverity.Problem), (missing.Id, missing.Severity));
        Assert.Contains("is not there", missing.Text, StringComparison.Ordinal);

        await using var refusing = new RequestRecorder(403, "");
        using var client = CreateClient(refusing.Endpoint);
        Assert.Contains("s3:ListBucket", Assert.Single(await new S3Check(client, _bucket).FindAsync(Ct)).Text, StringComparison.Ordinal);
    }

    private static byte[] Payload(int bytes) => Encoding.ASCII.GetBytes(string.Create(bytes, bytes, static (text, seed) =>
    {
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = (char)('a' + ((i + seed) % 26));
        }
    }));

    private static AmazonS3Client CreateClient(Uri endpoint) => new(
        new BasicAWSCredentials(LocalAws.AccessKeyId, LocalAws.SecretAccessKey),
        new AmazonS3Config
        {
            ServiceURL = endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = LocalAws.Region, MaxErrorRetry = 0,
            Timeout = TimeSpan.FromMinutes(1),
        });

    /// <summary>Answers every request alike, and keeps it.</summary>
    private sealed class RequestRecorder : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly Task _serving;

        internal RequestRecorder(int status = 200, string body = "")
        {
            Endpoint = new Uri($"http://127.0.0.1:{NetworkPorts.Free(1)[0]}/");
            _listener.Prefixes.Add(Endpoint.ToString());
            _listener.Start();
            _serving = ServeAsync(status, Encoding.UTF8.GetBytes(body));
        }

        internal Uri Endpoint { get; }

        internal List<(string Path, Dictionary<string, string> Headers, byte[] Body)> Requests { get; } = [];

        public async ValueTask DisposeAsync()
        {
            _listener.Close();
            await _serving;
        }

        private async Task ServeAsync(int status, byte[] answer)
        {
            while (true)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                Requests.Add((
                    context.Request.Url!.AbsolutePath,
                    context.Request.Headers.AllKeys.OfType<string>().ToDictionary(
                        name => name, name => context.Request.Headers[name]!, StringComparer.OrdinalIgnoreCase),
                    body.ToArray()));
                context.Response.StatusCode = status;
                context.Response.ContentType = "application/xml";
                await context.Response.OutputStream.WriteAsync(answer);
                context.Response.Close();
            }
        }
    }
}
