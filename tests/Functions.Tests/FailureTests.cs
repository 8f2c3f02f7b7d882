using Npgsql;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Tests.Support;
using Relaybox.Secrets;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

/// <summary>What Lambda is told of an invocation that failed; it writes it to the log.</summary>
public class FailureTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    private const string Canary = "canary-c0ffee-4711";

    [Fact]
    public async Task An_event_that_cannot_be_read_is_not_quoted()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        var input = """{"Records":[{"dynamodb":{"NewImage":{"NAME":{"S":{"NAME":1}}}}}]}""".Replace("NAME", Canary, StringComparison.Ordinal);

        var failure = await Assert.ThrowsAsync<FunctionFailedException>(() => world.InvokeAsync("StreamRelay", input));

        Assert.Contains("Json", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_servers_error_is_told_by_its_code_and_where_it_happened()
    {
        var failure = Failure(new PostgresException($"invalid input syntax: \"{Canary}\"", "ERROR", "ERROR", "22P02", detail: Canary));

        Assert.Equal("Npgsql.PostgresException (22P02)", failure.Message);
        Assert.Contains(nameof(Failure), failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_wraps_a_secret_is_told_without_what_it_wraps()
    {
        Assert.DoesNotContain(
            Canary, Failure(new InvalidOperationException(Canary, new ArgumentException(Canary))).ToString(), StringComparison.Ordinal);

        var secret = Failure(new SecretException("The secret cannot be read.", new ArgumentException(Canary)));
        Assert.Equal("The secret cannot be read.", secret.Message);
        Assert.DoesNotContain(Canary, secret.ToString(), StringComparison.Ordinal);
    }

    private static FunctionFailedException Failure(Exception cause)
    {
        try
        {
            throw cause;
        }
        catch (Exception e)
        {
            return new FunctionFailedException(e);
        }
    }
}
