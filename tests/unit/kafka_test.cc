#include <gtest/gtest.h>

#include "base/errors.h"
#include "topiclog/kafka/jaas.h"
#include "topiclog/kafka/topic_creation.h"

namespace millrace::topiclog::kafka {
namespace {

TEST(Jaas, ReadsQuotedValuesWithEscapes) {
    const auto plain = jaas_properties(
        "org.apache.kafka.common.security.plain.PlainLoginModule required\n  username=\"u\"  password='p\\'w;\"=x' ;",
        "PLAIN", "sasl.jaas.config");
    EXPECT_EQ(plain.at("sasl.username"), "u");
    EXPECT_EQ(plain.at("sasl.password"), "p'w;\"=x");
}

TEST(Jaas, TakesKerberosApart) {
    const auto kerberos = jaas_properties(
        "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true keyTab=\"/k\" "
        "principal=\"a@B\";",
        "GSSAPI", "sasl.jaas.config");
    EXPECT_EQ(kerberos.at("sasl.kerberos.keytab"), "/k");
    EXPECT_EQ(kerberos.at("sasl.kerberos.principal"), "a@B");
}

TEST(Jaas, RefusesWhatIsNoLineOrNotKnown) {
    for (const char* line : {"", "nonsense", "x.PlainLoginModule required username=\"open",
                             "x.PlainLoginModule required username", "x.SomeLoginModule required a=\"b\";"})
        EXPECT_THROW(jaas_properties(line, "PLAIN", "p"), ConfigError) << line;
}

TEST(TopicCreation, TheFirstGroupThatMatchesCounts) {
    const TopicCreation::Rules rules = {
        {"topic.creation.default.partitions", "2"},        {"topic.creation.default.replication.factor", "3"},
        {"topic.creation.default.retention.ms", "5"},      {"topic.creation.groups", "small, big"},
        {"topic.creation.small.include", "p\\.s\\..*, q"}, {"topic.creation.small.exclude", "p\\.s\\.not"},
        {"topic.creation.small.partitions", "1"},          {"topic.creation.big.include", "p\\..*"},
        {"topic.creation.big.cleanup.policy", "compact"}};
    const auto small = TopicCreation::spec_for("p.s.t", rules);
    ASSERT_TRUE(small);
    EXPECT_EQ(small->partitions, 1);
    EXPECT_EQ(small->replication_factor, 3);
    EXPECT_TRUE(small->settings.empty());
    const auto big = TopicCreation::spec_for("p.s.not", rules);
    EXPECT_EQ(big->partitions, 2);
    EXPECT_EQ(big->settings.at("cleanup.policy"), "compact");
    EXPECT_EQ(TopicCreation::spec_for("other", rules)->settings.at("retention.ms"), "5");
}

TEST(TopicCreation, IsTheBrokersUnlessBothDefaultsAreGiven) {
    EXPECT_FALSE(TopicCreation::spec_for("t", {{"topic.creation.default.partitions", "2"}}));
    EXPECT_THROW(TopicCreation::spec_for("t", {{"topic.creation.default.partitions", "2"},
                                               {"topic.creation.default.replication.factor", "1"},
                                               {"topic.creation.groups", "g"},
                                               {"topic.creation.g.include", "("}}),
                 ConfigError);
}

}  // namespace
}  // namespace millrace::topiclog::kafka
