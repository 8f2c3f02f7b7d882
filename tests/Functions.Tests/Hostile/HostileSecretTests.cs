using FsCheck;
using FsCheck.Fluent;
using Relaybox.Functions.Tests.Support;
using Relaybox.MongoDb;
using Relaybox.Secrets;

namespace Relaybox.Functions.Tests.Hostile;

/// <summary>
/// The process of a function whose secret is wrong: neither what it prints, at the finest level, nor what Lambda is told repeats it. And once
/// the secret is right, the same process uses it.
/// </summary>
public sealed class HostileSecretTests
{
    private const ulong Seed = 20_261_130;
    private const int PerClass = 3;

    private static readonly TimeSpan Short = TimeSpan.FromSeconds(3);

    // A consumer needs time for its handlers.
    private static readonly TimeSpan OfAConsumer = TimeSpan.FromSeconds(6);

    [Theory]
    [InlineData("SweepRelay")]
    [InlineData("Cleanup")]
    [InlineData("Setup")]
    [InlineData("Consume")]
    public async Task Neither_console_nor_answer_repeats_a_secret_of_MongoDB(string function)
    {
        var unusable = HostileSecrets.Classes.Values.SelectMany(secrets => secrets.Sample(20, new Rnd(Seed), 20)
            .Where(secret => !IsUsable(secret) && secret.Length < 10_000).Distinct().Take(PerClass)).ToList();
        await using var executable = new FunctionExecutable(function, new Dictionary<string, string>
        {
            ["STORE"] = "mongodb",
            ["QUEUE_URL"] = "http://127.0.0.1:1/000000000000/queue",
            ["DEAD_LETTER_QUEUE_URL"] = "http://127.0.0.1:1/000000000000/dead",
            ["SWEEP_LISTEN_SECONDS"] = "0",
            ["EFFECTS_TABLE"] = "effects",
        });
        var answers = new List<string>();
        foreach (var secret in unusable)
        {
            var reads = executable.SecretReads;
            answers.Add(await InvokeAsync(secret));
            Assert.True(executable.SecretReads > reads, $"The secret was not read again after one that could not be used: {answers[^1]}");
        }

        answers.Add(await InvokeAsync($"mongodb://u:{Escaped}@127.0.0.1:1/shop?replicaSet=rs0"));
        await executable.StopAsync();

        Assert.InRange(unusable.Count, 12, 21);
        if (function == "Consume")
        {
            Assert.All(answers[..^1], answer => Assert.Contains("batchItemFailures", answer, StringComparison.Ordinal));
            Assert.Contains(executable.Lines, line => line.Contains("cannot be used", StringComparison.Ordinal));
        }
        else
        {
            Assert.All(answers[..^1], answer => Assert.Contains("cannot be used", answer, StringComparison.Ordinal));
        }

        var last = string.Join('\n', executable.Lines.TakeLast(3).Append(answers[^1]));
        Assert.True(last.Contains("nothing listens there", StringComparison.Ordinal), last);

        foreach (var text in answers.Concat(executable.Lines))
        {
            Assert.All(HostileSecrets.Parts, part => Assert.DoesNotContain(part, text, StringComparison.OrdinalIgnoreCase));
        }

        Task<string> InvokeAsync(string secret)
        {
            executable.Secret = secret;
            return executable.InvokeAsync(
                function == "Consume" ? Rows.SqsEvent(("m-1", Rows.Envelope("e-1"))) : "{}",
                function == "Consume" ? OfAConsumer : Short);
        }
    }

    private static string Escaped => Uri.EscapeDataString(HostileSecrets.Canary);

    private static bool IsUsable(string secret)
    {
        try
        {
            MongoConnectionText.FromSecret(secret, new MongoConnectionOptions { SecretArn = FunctionExecutable.SecretArn });
            return true;
        }
        catch (SecretException)
        {
            return false;
        }
    }
}
